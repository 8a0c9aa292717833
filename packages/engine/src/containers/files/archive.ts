import { hasCode } from '@berth/errors';
import { decompress } from '@berth/oci';
import { resolveUser } from '@berth/runtime';
import type { ApiPathStat } from '../../api/types.ts';
import { EngineError } from '../../errors.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { refuseLeaving } from '../lifecycle/states.ts';
import { refused } from '../settings/refuse.ts';
import { tell } from '../tell.ts';
import { FilesThread } from './files-thread.ts';
import type { FilesJob } from './messages.ts';
import { openRootfs, placeOf } from './place-of.ts';
import { absolutePath } from './resolve-path.ts';

interface Call {
  readonly signal?: AbortSignal | undefined;
}

export async function statPath(
  context: ContainersContext,
  container: Container,
  path: string,
): Promise<ApiPathStat> {
  await using work = await open(context, container, { job: { type: 'stat', path }, path });
  try {
    const stat = await work.thread.stat;
    await work.thread.done;
    return stat;
  } catch (error) {
    throw named(error, container);
  }
}

/** The caller reads `tar` to its end, or leaves it: both give everything back. */
export async function readArchive(
  context: ContainersContext,
  container: Container,
  options: Call & { readonly path: string },
): Promise<{ readonly stat: ApiPathStat; readonly tar: AsyncIterable<Uint8Array> }> {
  const { path, signal } = options;
  const work = await open(context, container, { job: { type: 'read', path }, path, signal });
  try {
    const stat = await work.thread.stat;
    tell(context.emit, container, { action: 'archive-path', attributes: { path } });
    return { stat, tar: work.tar() };
  } catch (error) {
    await work[Symbol.asyncDispose]();
    throw named(error, container);
  }
}

export async function* exportTar(
  context: ContainersContext,
  container: Container,
  options: Call = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal } = options;
  const work = await open(context, container, {
    job: { type: 'export' },
    path: '/',
    signal,
    withMounts: false,
  });
  tell(context.emit, container, { action: 'export' });
  yield* work.tar();
}

/** A tar, plain or compressed, is unpacked into a folder of the container. */
export async function writeArchive(
  context: ContainersContext,
  container: Container,
  options: Call & {
    readonly path: string;
    readonly tar: AsyncIterable<Uint8Array>;
    readonly noOverwriteDirNonDir?: boolean | undefined;
    readonly copyUidGid?: boolean | undefined;
  },
): Promise<void> {
  const { path, signal, tar } = options;
  const { User = '' } = container.settings.config;
  const job = (rootfs: string): FilesJob => ({
    type: 'write',
    path,
    noOverwriteDirNonDir: options.noOverwriteDirNonDir === true,
    ...(options.copyUidGid === true && User !== '' ? { owner: ownerOf(rootfs, User) } : {}),
  });
  await using work = await open(context, container, { job, path, signal });
  const { thread } = work;
  try {
    const plain = decompress(tar, signal === undefined ? {} : { signal });
    await Promise.all([thread.feed(plain), thread.done]);
  } catch (error) {
    signal?.throwIfAborted();
    throw named(error, container, path);
  }
  tell(context.emit, container, { action: 'extract-to-dir', attributes: { path } });
}

function ownerOf(rootfs: string, user: string): { readonly uid: number; readonly gid: number } {
  const { uid, gid } = resolveUser(rootfs, user);
  return { uid, gid };
}

/** A thread at work, with the mount that it works on. */
class FilesWork implements AsyncDisposable {
  readonly thread: FilesThread;
  readonly #owned: AsyncDisposableStack;
  readonly #container: Container;

  constructor(
    thread: FilesThread,
    options: { readonly owned: AsyncDisposableStack; readonly container: Container },
  ) {
    this.thread = thread;
    this.#owned = options.owned;
    this.#container = options.container;
  }

  async *tar(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.thread.tar();
    } catch (error) {
      throw named(error, this.#container);
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}

async function open(
  context: ContainersContext,
  container: Container,
  options: Call & {
    readonly job: FilesJob | ((rootfs: string) => FilesJob);
    readonly path: string;
    readonly withMounts?: boolean;
  },
): Promise<FilesWork> {
  const { job, path, signal, withMounts = true } = options;
  signal?.throwIfAborted();
  if (path === '' || path.includes('\0')) throw refused('path cannot be empty');
  refuseLeaving(container, 'read');
  await using owned = new AsyncDisposableStack();
  const leave = await context.fileThreads.enter(signal);
  owned.defer(async () => leave());
  const rootfs = owned.use(await openRootfs(context, container));
  const place = placeOf(container, { rootfs: rootfs.path, path, withMounts });
  const thread = owned.use(new FilesThread(place, typeof job === 'function' ? job(rootfs.path) : job));
  const onAbort = () => thread.cancel();
  for (const one of [context.closing, ...(signal === undefined ? [] : [signal])]) {
    one.addEventListener('abort', onAbort, { once: true });
    owned.defer(async () => one.removeEventListener('abort', onAbort));
  }
  return new FilesWork(thread, { owned: owned.move(), container });
}

/** Docker's sentences, with the name of the container; read-only file systems by their kind. */
function named(error: unknown, container: Container, path?: string): unknown {
  if (!hasCode(error)) return error;
  if (error.code === 'PATH_UNKNOWN') {
    return new EngineError('PATH_UNKNOWN', `${error.message} ${container.name}`, { cause: error });
  }
  if (error.code === 'PATH_REFUSED' || error.code === 'CONTAINER_NOT_RUNNING') {
    return new EngineError(error.code, error.message, { cause: error });
  }
  if (error.code === 'PATH_READONLY') {
    const asked = absolutePath(path ?? '/');
    const isMount = container.settings.mounts.some(
      ({ destination }) => asked === destination || asked.startsWith(`${destination}/`),
    );
    const what = isMount ? 'mounted volume' : 'container rootfs';
    return new EngineError('PATH_READONLY', `${what} is marked read-only`, { cause: error });
  }
  return error;
}
