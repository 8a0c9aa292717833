import { parentPort, workerData } from 'node:worker_threads';
import { toPlainError } from '@berth/errors';
import { writeTar } from '@berth/oci';
import { enterPlace } from './enter-place.ts';
import { asEngineError } from './file-errors.ts';
import { type FilesJob, type FilesStart, type FromThread, type ToThread, WINDOW } from './messages.ts';
import { apiPathStat, findPath, pathUnknown } from './path-stat.ts';
import { readTree } from './read-tree.ts';
import { absolutePath, baseName } from './resolve-path.ts';
import { extractionFolder, writeTree } from './write-tree.ts';

/*
 * One job in one container's files, then the end of this thread: who has entered a container does not come out again.
 * Everything is imported above, before; from then on only synchronous `fs`.
 */
const { place, job, cancel } = workerData as FilesStart;
const port = parentPort ?? fail('This file is the code of a worker');

const inbox: ToThread[] = [];
let wake: () => void = () => undefined;
port.on('message', (message: ToThread) => {
  inbox.push(message);
  wake();
});

try {
  enterPlace(place);
  await run(job);
  say({ type: 'done' });
} catch (error) {
  say({ type: 'failed', error: toPlainError(asEngineError(error)) });
} finally {
  // Nothing else keeps it.
  port.close();
}

async function run(job: FilesJob): Promise<void> {
  switch (job.type) {
    case 'stat':
      say({ type: 'stat', stat: apiPathStat(findPath(job.path)) });
      return;
    case 'read': {
      const found = findPath(job.path);
      say({ type: 'stat', stat: apiPathStat(found) });
      const base = baseName(found.asked);
      await send(found.path, base === '/' ? '.' : base);
      return;
    }
    case 'export':
      await send('/', undefined);
      return;
    case 'write': {
      const folder = extractionFolder(absolutePath(job.path), () => pathUnknown(job.path));
      const { noOverwriteDirNonDir, owner } = job;
      await writeTree(folder, received(), { noOverwriteDirNonDir, owner, check: throwIfCancelled });
      return;
    }
    default:
      throw new Error(`No such job: ${(job satisfies never as FilesJob).type}`);
  }
}

async function send(path: string, name: string | undefined): Promise<void> {
  let credit = WINDOW;
  for await (const chunk of writeTar(readTree(path, { name, check: throwIfCancelled }))) {
    while (credit === 0) {
      const { type } = await next();
      if (type === 'credit') credit += 1;
    }
    credit -= 1;
    // A view of a larger buffer would take all of that along.
    const isWhole = chunk.byteLength === chunk.buffer.byteLength;
    const bytes = (isWhole ? chunk : chunk.slice()) as Uint8Array<ArrayBuffer>;
    port.postMessage({ type: 'chunk', bytes } satisfies FromThread, [bytes.buffer]);
  }
}

async function* received(): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const message = await next();
    if (message.type === 'end') return;
    if (message.type !== 'chunk') continue;
    say({ type: 'credit' });
    yield message.bytes;
  }
}

async function next(): Promise<ToThread> {
  for (;;) {
    throwIfCancelled();
    const message = inbox.shift();
    if (message !== undefined) return message;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

function throwIfCancelled(): void {
  if (Atomics.load(cancel, 0) !== 0) throw new DOMException('The job was cancelled', 'AbortError');
}

function say(message: FromThread): void {
  port.postMessage(message);
}

function fail(message: string): never {
  throw new Error(message);
}
