import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Labs, makeDisk, projectDisk, rootDisk, toolsDisk } from './disks.ts';
import { bootGuest, type Guest } from './guest.ts';

/** A guest in which no engine runs. Its disk is thrown away with it. */
export interface BareGuest extends Guest {
  /** An empty folder of its disk. */
  readonly temporary: string;
}

export interface BareGuestOptions {
  /** Fills a folder as `NODE_COMPILE_CACHE` with what will run in the guest: here that is quick. */
  readonly compile: (folder: string) => Promise<void>;
  /** Of its own disk; default 8. */
  readonly gigabytes?: number;
  readonly signal?: AbortSignal;
}

/** Boots a guest with the programs of the storage drivers on a disk of its own. */
export async function openBareGuest(labs: Labs, options: BareGuestOptions): Promise<BareGuest> {
  const { machine } = labs;
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'berth-vm-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const compiled = join(folder, 'compiled');
  await options.compile(compiled);
  const disks = {
    own: join(folder, 'own'),
    project: join(folder, 'project'),
    root: await rootDisk(labs),
    tools: await toolsDisk(labs),
  };
  await makeDisk(disks.own, { machine, ...(options.gigabytes && { gigabytes: options.gigabytes }) });
  await projectDisk(disks.project, { machine, compiled });
  const { signal } = options;
  const guest = stack.use(await bootGuest({ machine, disks, ...(signal && { signal }) }));
  const temporary = join(guest.disk, 'tmp');
  await guest.must('mkdir', ['-p', temporary]);
  const opened = stack.move();
  return Object.assign(guest, { temporary, [Symbol.asyncDispose]: () => opened.disposeAsync() });
}
