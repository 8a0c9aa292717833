import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GUEST, PEERS, STORAGE } from '../lab/package-sets.ts';
import { openLab } from '../lab/peers.ts';
import { type BareGuest, openBareGuest } from '../vm/bare-guest.ts';
import { NODE_OPTIONS } from '../vm/disks.ts';
import { AGENT } from '../vm/guest.ts';
import { berthLab, runLabCommand } from './run-lab-command.ts';

/** devicemapper, and those that share a chart with it: what block-level is compared to. */
const DRIVERS = ['devicemapper', 'overlay2', 'btrfs', 'vfs'] as const;

/**
 * `berth lab` in a guest of its own.
 *
 * @param options.onReport gets its `lab.json` after each driver
 * @returns its `lab.json`
 */
export async function measureInGuest(options: {
  readonly isQuick: boolean;
  readonly drivers?: readonly string[];
  readonly onProgress?: (line: string) => void;
  readonly onReport?: (json: string) => Promise<void>;
}): Promise<string> {
  const { isQuick, drivers = DRIVERS, onProgress = () => undefined, onReport } = options;
  await using machine = await openLab(GUEST, { onProgress });
  await using peers = await openLab(PEERS, { onProgress });
  await using storage = await openLab(STORAGE, { onProgress });
  const labs = { machine, peers, storage };
  await using guest = await openBareGuest(labs, { compile, gigabytes: 48 });
  onProgress(`guest up in ${(guest.bootMs / 1000).toFixed(1)} s`);
  const place = ['--folder', guest.temporary, '--out', guest.temporary];
  const scale = isQuick ? ['--quick'] : [];
  const name = 'the guest (emulated by qemu)';
  const args = ['--drivers', drivers.join(','), '--name', name, ...place, ...scale];
  const report = async (): Promise<string> => await guest.must('cat', [join(guest.temporary, 'lab.json')]);
  await follow(guest, args, async (line) => {
    onProgress(line);
    // A driver begins: the one before is in the report.
    if (/ 0\/\d+ /.test(line) && !line.startsWith(drivers[0] ?? '')) await onReport?.(await report());
  });
  return await report();
}

async function follow(
  guest: BareGuest,
  args: readonly string[],
  onLine: (line: string) => Promise<void>,
): Promise<void> {
  const running = guest.start(guest.node, berthLab(args), { cwd: '/', env: { TMPDIR: guest.temporary } });
  for (let at = 0; ; ) {
    const hasEnded = running.ended !== undefined;
    const said = running.stderr();
    for (let end = said.indexOf('\n', at); end >= 0; end = said.indexOf('\n', at)) {
      await onLine(said.slice(at, end));
      at = end + 1;
    }
    if (hasEnded) break;
    await Promise.race([running.exited(), sleep(500)]);
  }
  if (running.ended !== 0) {
    throw new Error(`berth lab ended with ${running.ended} in the guest:\n${running.stderr().slice(-4000)}`);
  }
}

/** Node writes what it has compiled when a program ends: a quick run loads all that the long one does. */
async function compile(folder: string): Promise<void> {
  const out = await mkdtemp(join(tmpdir(), 'berth-drivers-lab-'));
  try {
    const env = { NODE_COMPILE_CACHE: folder };
    await runLabCommand(berthLab(['--quick', '--drivers', 'vfs', '--folder', out, '--out', out]), { env });
    await runLabCommand([...NODE_OPTIONS, AGENT], { env });
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
