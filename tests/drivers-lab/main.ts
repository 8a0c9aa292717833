/**
 * `npm run lab [-- --quick] [-- --guest lab-results/guest.json]`: `berth lab` over all six storage drivers, and its pages in
 * `lab-results/`. What works on this machine is measured here; devicemapper in the guest, with overlay2, btrfs and vfs once more beside
 * it, unless its report is given. Takes 80 minutes, of which the guest 75; wants a machine that does nothing
 * else.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { storageProgram } from '../lab/file-systems.ts';
import { PEERS, STORAGE } from '../lab/package-sets.ts';
import { fillProgramFolder } from '../lab/program-folder.ts';
import { measureInGuest } from './measure-in-guest.ts';
import { berthLab, runLabCommand } from './run-lab-command.ts';

const PROGRAMS = { 'mkfs.btrfs': STORAGE, 'fuse-overlayfs': PEERS } as const;

const say = (line: string): void => console.error(line);
const { values } = parseArgs({ options: { quick: { type: 'boolean' }, guest: { type: 'string' } } });
const isQuick = values.quick === true;
const folder = await mkdtemp(join(tmpdir(), 'berth-drivers-lab-'));
const results = join(import.meta.dirname, '../../lab-results');
try {
  const programs = join(folder, 'bin');
  await mkdir(programs);
  for (const [name, set] of Object.entries(PROGRAMS)) {
    const words = await storageProgram(name, set);
    if (typeof words === 'string') say(`Without ${name}: ${words}`);
    else await fillProgramFolder(programs, { [name]: words });
  }
  const env = { PATH: `${programs}${delimiter}${process.env.PATH ?? ''}` };
  await mkdir(results, { recursive: true });
  const guest = values.guest === undefined ? join(results, 'guest.json') : resolve(values.guest);
  if (values.guest === undefined) {
    say('In the guest:');
    const onReport = async (json: string): Promise<void> => await writeFile(guest, json);
    await onReport(await measureInGuest({ isQuick, onProgress: say, onReport }));
  }
  say('On this machine:');
  const place = ['--folder', folder, '--out', results, '--name', 'this machine'];
  console.log(
    await runLabCommand(berthLab([...place, '--with', guest, ...(isQuick ? ['--quick'] : [])]), {
      env,
      onProgress: say,
    }),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
