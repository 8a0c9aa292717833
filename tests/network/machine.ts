import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fromPlainError } from '@berth/errors';
import type { Networks, OpenNetworksOptions } from '@berth/network';
import { type CommandResult, mustRun, runCommand } from '../lab/command.ts';
import { createNamespaces, type TwoNamespaces } from '../lab/netns.ts';
import type { Lab } from '../lab/peers.ts';
import { type Server, startServer } from '../lab/server.ts';

type Calls = Pick<Networks, 'createSandbox' | 'removeSandbox' | 'restore' | 'sandbox' | 'list' | 'footprint'>;

/** Networks in their own process: `kill` it as a crash would, `close` it as an engine does. */
export interface DrivenNetworks extends AsyncDisposable, Calls {
  readonly pid: number;
  faults(): Promise<readonly string[]>;
  measure(
    count: number,
    options: Parameters<Networks['createSandbox']>[1],
  ): Promise<{ readonly create: readonly number[]; readonly remove: readonly number[] }>;
  close(): Promise<void>;
  kill(): Promise<void>;
}

/** A machine of the test's own: a network namespace for the engine, another that looks at it from outside. */
export interface Machine extends AsyncDisposable {
  readonly spaces: TwoNamespaces;
  readonly root: string;
  /** Path of the namespace outside. */
  readonly outside: string;
  /** A folder with the lab's `iptables-legacy`, as a program that the engine finds by PATH. */
  readonly labPath: string;
  open(
    options?: Partial<OpenNetworksOptions>,
    env?: Readonly<Record<string, string>>,
  ): Promise<DrivenNetworks>;
  /** A program of this machine, inside the engine's namespace. */
  run(program: string, ...args: readonly string[]): Promise<CommandResult>;
  /** A program of the lab, inside the engine's namespace; its output, or an error. */
  must(program: string, ...args: readonly string[]): Promise<string>;
  /** The same, with something to read. */
  mustWith(input: string, program: string, ...args: readonly string[]): Promise<string>;
  /** A program of this machine inside the engine's namespace; its output, or an error. */
  mustHere(program: string, ...args: readonly string[]): Promise<string>;
  mustOutside(program: string, ...args: readonly string[]): Promise<string>;
  /** A program of this machine in a sandbox. */
  mustIn(sandbox: string, ...command: readonly string[]): Promise<string>;
  /** Answers on a port with `<name> <address of the asker>`, in a sandbox or, without one, on the machine. */
  serve(
    name: string,
    options: {
      readonly port: number;
      readonly protocol?: 'tcp' | 'udp';
      readonly in?: string;
      readonly host?: string;
    },
  ): Promise<Server>;
  /** What answers there, asked from the machine, from outside or from inside a sandbox; `undefined` when nothing does. */
  ask(
    place: 'machine' | 'outside' | { readonly sandbox: string },
    host: string,
    port: number,
    options?: { readonly protocol?: 'tcp' | 'udp'; readonly fromPort?: number },
  ): Promise<string | undefined>;
}

const PEER = new URL('./peer.ts', import.meta.url).pathname;
const DRIVER = new URL('./driver.ts', import.meta.url).pathname;

export async function createMachine(lab: Lab): Promise<Machine> {
  await using stack = new AsyncDisposableStack();
  const spaces = stack.use(await createNamespaces(lab));
  const root = await mkdtemp(join(tmpdir(), 'berth-network-'));
  stack.defer(() => removeRoot(root));
  const inside = (path: string, ...command: readonly string[]): [string, ...string[]] => [
    'setpriv',
    '--pdeathsig',
    'KILL',
    '--',
    'nsenter',
    `--net=${path}`,
    '--',
    ...command,
  ];
  // Not every machine has iproute2. It needs no files, so that all it takes of the lab is the program.
  const ofLab = ([program = '', ...args]: readonly string[]): [string, ...string[]] =>
    program === 'ip' ? ['chroot', lab.root, '/usr/sbin/ip', ...args] : [program, ...args];
  const near = `/proc/${spaces.near.pid}/ns/net`;
  const far = `/proc/${spaces.far.pid}/ns/net`;
  const labPath = await writeLegacyProgram(lab, root);
  const must = async (command: readonly [string, ...string[]]) => (await mustRun(command)).stdout;
  const opened = stack.move();
  return {
    spaces,
    root,
    outside: far,
    labPath,
    mustHere: (...command) => must(spaces.near.wrap(...ofLab(command))),
    mustOutside: (...command) => must(spaces.far.wrap(...ofLab(command))),
    mustIn: (sandbox, ...command) => must(inside(sandbox, ...ofLab(command))),
    open: (options = {}, env = {}) =>
      startDriver(
        spaces.near.wrap(
          process.execPath,
          DRIVER,
          JSON.stringify({ stateRoot: join(root, 'state'), runRoot: join(root, 'run'), ...options }),
        ),
        env,
      ),
    run: (...command) => runCommand(spaces.near.wrap(...ofLab(command))),
    must: (program, ...args) => lab.must(program, args, { netns: spaces.near.pid }),
    mustWith: (input, program, ...args) => lab.must(program, args, { netns: spaces.near.pid, input }),
    serve: (name, options) =>
      startServer(
        inside(
          options.in ?? near,
          process.execPath,
          PEER,
          'serve',
          options.protocol ?? 'tcp',
          options.host ?? '0.0.0.0',
          String(options.port),
          name,
        ),
        { ready: (server) => server.stdout().includes('ready') },
      ),
    ask: async (place, host, port, options = {}) => {
      const path = place === 'machine' ? near : place === 'outside' ? far : place.sandbox;
      const { code, stdout } = await runCommand(
        inside(
          path,
          process.execPath,
          PEER,
          'ask',
          options.protocol ?? 'tcp',
          host,
          String(port),
          String(options.fromPort ?? 0),
        ),
      );
      return code === 0 ? stdout.trim() : undefined;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The lab's program with its libraries, as one file that anybody can start. @returns a PATH with it */
async function writeLegacyProgram(lab: Lab, root: string): Promise<string> {
  const folder = join(root, 'bin');
  const libraries = join(lab.root, 'usr/lib/x86_64-linux-gnu');
  await mkdir(folder);
  const script = `#!/bin/sh
export LD_LIBRARY_PATH=${libraries} XTABLES_LIBDIR=${libraries}/xtables XTABLES_LOCKFILE=${root}/xtables.lock
exec ${join(lab.root, 'usr/sbin/xtables-legacy-multi')} iptables "$@"
`;
  await writeFile(join(folder, 'iptables-legacy'), script, { mode: 0o755 });
  return `${folder}:${process.env.PATH}`;
}

/** Sandboxes that a test left are mounts in there; their namespaces go with them. */
async function removeRoot(root: string): Promise<void> {
  const folder = join(root, 'run/netns');
  for (const name of await readdir(folder).catch(() => []))
    await runCommand(['umount', '-l', join(folder, name)]);
  await rm(root, { recursive: true, force: true });
}

async function startDriver(
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<DrivenNetworks> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const waiting = new Map<number, { done(value: unknown): void; fail(error: unknown): void }>();
  let ready: () => void = () => undefined;
  const isReady = new Promise<void>((done) => {
    ready = done;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line);
    if (answer.ready) return ready();
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.error === undefined) call?.done(answer.value ?? undefined);
    else call?.fail(fromPlainError(answer.error));
  });
  const ended = once(child, 'close').then(() => {
    for (const call of waiting.values()) call.fail(new Error('the networks have ended'));
  });
  await Promise.race([isReady, ended.then(() => Promise.reject(new Error('the networks did not open')))]);
  let last = 0;
  const call = (method: string, ...values: readonly unknown[]) =>
    new Promise<never>((done, fail) => {
      last += 1;
      waiting.set(last, { done: done as (value: unknown) => void, fail });
      child.stdin.write(`${JSON.stringify({ id: last, method, args: values })}\n`);
    });
  return {
    pid: child.pid ?? 0,
    createSandbox: (id, options) => call('createSandbox', id, options),
    removeSandbox: (id) => call('removeSandbox', id),
    restore: (ids) => call('restore', ids),
    sandbox: (id) => call('sandbox', id),
    list: () => call('list'),
    footprint: () => call('footprint'),
    faults: () => call('faults'),
    measure: (count, options) => call('measure', count, options),
    close: async () => {
      await call('close');
      await end(child, ended);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    [Symbol.asyncDispose]: () => end(child, ended),
  };
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.stdin?.on('error', () => undefined).end();
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}
