import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandResult } from '../lab/command.ts';
import type { Lab } from '../lab/peers.ts';
import type { Server } from '../lab/server.ts';
import { COMPILE_CACHE, DOCKER, NODE, NODE_OPTIONS } from './disks.ts';
import type { Command } from './frames.ts';
import { initramfs, SHARE } from './initramfs.ts';
import { findKernel } from './kernel.ts';
import { GuestPort, type GuestProcess } from './port.ts';

const PORT = 'berth.agent';
export const AGENT = join(import.meta.dirname, 'agent.child.ts');
/** What the guest calls the loopback of qemu's network namespace; the agent passes on what comes to the guest's own. */
const LOOPBACK_OUTSIDE = '10.0.2.2';

export interface GuestDisks {
  /** Its own, as `makeDisk` made it: the only one that it writes to. */
  readonly own: string;
  /** As `rootDisk`, `toolsDisk` and `projectDisk` made them. */
  readonly root: string;
  readonly tools: string;
  readonly project: string;
}

export interface GuestOptions {
  /** A lab of `GUEST`: qemu and the kernel. */
  readonly machine: Lab;
  readonly disks: GuestDisks;
  /** Process id of a network namespace's anchor: what is there is all that the guest reaches. Without it, it reaches nothing. */
  readonly netns?: number;
  /** Ports of its loopback that the guest has on its own. */
  readonly ports?: readonly number[];
  readonly memoryMiB?: number;
  readonly signal?: AbortSignal;
}

type StartOptions = Omit<Command, 'program' | 'args' | 'input'> & {
  readonly input?: string | Uint8Array;
};

type RunOptions = StartOptions & { readonly signal?: AbortSignal };

/**
 * A machine of Debian's own kernel, emulated by qemu, with cgroup2 alone. Its root is the lab's packages, with this repository where
 * it is here, and the same again at every boot; its disk is at `guest.disk` and outlives it.
 */
export interface Guest extends AsyncDisposable {
  /** Where the disk is mounted. */
  readonly disk: string;
  readonly node: string;
  readonly docker: string;
  readonly bootMs: number;
  /** All that kernel and start-up wrote to the console. */
  console(): string;
  /** Any exit code is a value; -1 where a signal ended it. Rejects when the guest is cut off meanwhile. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /** The same; a code other than 0 throws with all that it said. */
  must(program: string, args: readonly string[], options?: RunOptions): Promise<string>;
  start(program: string, args: readonly string[], options?: StartOptions): GuestProcess;
  /**
   * Kills qemu: what the guest has not written to its disk is lost with its memory. What it has written stays, in the order
   * in which it wrote, because the machine's own cache lives on.
   */
  cutPower(): Promise<void>;
}

/** Boots a guest and waits until it takes commands. */
export async function bootGuest(options: GuestOptions): Promise<Guest> {
  const { machine, signal } = options;
  const started = performance.now();
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'berth-guest-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const kernel = await findKernel(machine.root);
  const disk = '/disk';
  const agent = [
    ...[NODE, ...NODE_OPTIONS, AGENT, PORT],
    ...(options.ports ?? []).map((port) => `${LOOPBACK_OUTSIDE}:${port}`),
  ];
  await writeFile(
    join(folder, 'initramfs'),
    await initramfs({
      ...{ kernel, disk },
      busybox: join(machine.root, 'usr/bin/busybox'),
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
      command: ['/usr/bin/tini', '--', ...agent],
    }),
  );
  const socketPath = join(folder, 'agent.sock');
  const qemu = stack.use(
    await machine.start(
      'qemu-system-x86_64',
      qemuArguments({ ...options, kernel: kernel.image, modules: kernel.folder, folder, socketPath }),
      {
        ...(options.netns === undefined ? {} : { netns: options.netns }),
        ...(signal === undefined ? {} : { signal }),
      },
    ),
  );
  const port = stack.use(
    await GuestPort.open(socketPath, { qemu, ...(signal === undefined ? {} : { signal }) }),
  );
  await port.ready();
  return new RunningGuest({ qemu, port, disk, bootMs: performance.now() - started, stack: stack.move() });
}

function qemuArguments(
  options: GuestOptions & {
    readonly kernel: string;
    readonly modules: string;
    readonly folder: string;
    readonly socketPath: string;
  },
): readonly string[] {
  const { kernel, modules, folder, socketPath, disks, memoryMiB = 1536 } = options;
  const words = [
    ...['panic=-1', 'console=ttyS0', 'quiet', 'mitigations=off', 'random.trust_cpu=on', 'cgroup_no_v1=all'],
    // Without a clock that the emulation can hold, the kernel would measure one again and again.
    ...['tsc=reliable', 'no_timer_check'],
  ];
  return [
    // KVM may be there and hang: what runs everywhere is what is tested. A second processor is of no use: emulated, they wait for
    // each other so long that an engine starts later with two. Page tables of five levels are one more to walk.
    ...['-accel', 'tcg', '-cpu', 'max,la57=off', '-smp', '1', '-m', String(memoryMiB)],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
    ...['-kernel', kernel, '-initrd', join(folder, 'initramfs'), '-append', words.join(' ')],
    ...['-fsdev', `local,id=modules,path=${modules},security_model=none,readonly=on`],
    ...['-device', `virtio-9p-pci,fsdev=modules,mount_tag=${SHARE}`],
    // A flush of the guest reaches the file; nothing is said to be written that is not.
    ...drive('own', `file=${disks.own},cache=writeback`),
    ...drive('root', `file=${disks.root},readonly=on`),
    ...drive('project', `file=${disks.project},readonly=on`),
    ...drive('tools', `file=${disks.tools},readonly=on`),
    ...['-chardev', `socket,id=agent,path=${socketPath},server=on,wait=off`],
    ...['-device', 'virtio-serial-pci', '-device', `virtserialport,chardev=agent,name=${PORT}`],
    ...[
      '-netdev',
      `user,id=net${options.netns === undefined ? ',restrict=on' : ''}`,
      '-device',
      'virtio-net-pci,netdev=net,romfile=',
    ],
    ...['-device', 'virtio-rng-pci'],
  ];
}

function drive(name: string, how: string): readonly string[] {
  return ['-drive', `if=none,id=${name},format=raw,${how}`, '-device', `virtio-blk-pci,drive=${name}`];
}

interface Parts {
  readonly qemu: Server;
  readonly port: GuestPort;
  readonly disk: string;
  readonly bootMs: number;
  readonly stack: AsyncDisposableStack;
}

class RunningGuest implements Guest {
  readonly disk: string;
  readonly bootMs: number;
  readonly node = NODE;
  readonly docker = DOCKER;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.disk = parts.disk;
    this.bootMs = parts.bootMs;
    this.#parts = parts;
  }

  console(): string {
    return this.#parts.qemu.output();
  }

  start(program: string, args: readonly string[], options: StartOptions = {}): GuestProcess {
    const { input, ...rest } = options;
    const base64 = input === undefined ? {} : { input: Buffer.from(input).toString('base64') };
    return this.#parts.port.start({ ...rest, ...base64, program, args });
  }

  async run(program: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const { signal, ...rest } = options;
    signal?.throwIfAborted();
    const process = this.start(program, args, rest);
    const stop = () => process.kill('SIGKILL');
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const ended = await process.exited();
      signal?.throwIfAborted();
      return {
        code: typeof ended === 'number' ? ended : -1,
        stdout: process.stdout(),
        stderr: process.stderr(),
      };
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async must(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(program, args, options);
    if (code === 0) return stdout;
    throw new Error(
      `Cannot run "${[program, ...args].join(' ')}" in the guest: ${code}\n${stdout}\n${stderr}`,
    );
  }

  async cutPower(): Promise<void> {
    this.#parts.qemu.kill('SIGKILL');
    await this.#parts.qemu.exited();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // There is nothing to save: who wants the disk as it is has written it.
    await this.cutPower();
    await this.#parts.stack.disposeAsync();
  }
}
