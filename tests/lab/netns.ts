import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from './peers.ts';
import { type Server, startServer } from './server.ts';

/** A network namespace that lives as long as its anchor process, and no longer. */
export interface Namespace {
  /** Process id of the anchor: give it as `netns` to `lab.run` and `lab.start`, or to `nsenter --net`. */
  readonly pid: number;
  /** Its address on the wire to the other namespace. */
  readonly address: string;
  /** Puts a program of this machine into the namespace: `net.wrap('node', 'x.mjs')`. */
  wrap(program: string, ...args: readonly string[]): [string, ...string[]];
}

/** Two namespaces and a wire between them; neither reaches the machine's own network. */
export interface TwoNamespaces extends AsyncDisposable {
  readonly near: Namespace;
  readonly far: Namespace;
}

/**
 * Makes two network namespaces joined by a veth pair, addresses from the documentation nets (RFC 5737).
 *
 * Names exist inside the namespaces only; the machine's own interfaces and `/run/netns` are never touched. All of
 * it ends with the anchors, which end with this process at the latest.
 */
export async function createNamespaces(
  lab: Lab,
  options: { readonly subnet?: '192.0.2' | '198.51.100' | '203.0.113' } = {},
): Promise<TwoNamespaces> {
  const subnet = options.subnet ?? '192.0.2';
  await using stack = new AsyncDisposableStack();
  const nearAnchor = stack.use(await startAnchor());
  const farAnchor = stack.use(await startAnchor());
  const name = `b${randomBytes(4).toString('hex')}`;
  const ip = (netns: number, ...args: string[]) => lab.must('ip', args, { netns, hostPids: true });
  await ip(
    nearAnchor.pid,
    'link',
    'add',
    name,
    'type',
    'veth',
    'peer',
    'name',
    name,
    'netns',
    String(farAnchor.pid),
  );
  const ends = [
    { anchor: nearAnchor, address: `${subnet}.1` },
    { anchor: farAnchor, address: `${subnet}.2` },
  ] as const;
  for (const { anchor, address } of ends) {
    await ip(anchor.pid, 'link', 'set', 'lo', 'up');
    await ip(anchor.pid, 'address', 'add', `${address}/24`, 'dev', name);
    await ip(anchor.pid, 'link', 'set', name, 'up');
  }
  const anchors = stack.move();
  return {
    near: namespaceOf(ends[0].anchor.pid, ends[0].address),
    far: namespaceOf(ends[1].anchor.pid, ends[1].address),
    [Symbol.asyncDispose]: () => anchors.disposeAsync(),
  };
}

/** Host names for the programs of one lab, beside localhost. */
export async function writeHosts(lab: Lab, names: Readonly<Record<string, string>>): Promise<void> {
  const lines = ['127.0.0.1 localhost', '::1 localhost'];
  for (const [name, address] of Object.entries(names)) lines.push(`${address} ${name}`);
  await writeFile(join(lab.state, 'etc/hosts'), `${lines.join('\n')}\n`);
}

async function startAnchor(): Promise<Server> {
  // It prints when it is inside, and then only keeps the namespace open.
  const hold = ['sh', '-c', 'echo in; exec sleep infinity'] as const;
  return await startServer(['setpriv', '--pdeathsig', 'KILL', '--', 'unshare', '--net', ...hold], {
    ready: (server) => server.stdout().includes('in'),
  });
}

function namespaceOf(pid: number, address: string): Namespace {
  return {
    pid,
    address,
    wrap: (program, ...args) => [
      ...(['setpriv', '--pdeathsig', 'KILL', '--', 'nsenter', `--net=/proc/${pid}/ns/net`, '--'] as const),
      program,
      ...args,
    ],
  };
}
