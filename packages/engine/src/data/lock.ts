import { readFileSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { hasCode } from '@berth/errors';
import { EngineError } from '../errors.ts';
import type { EnginePaths } from './paths.ts';

/**
 * One engine per data folder, and per run folder: the monitor there is one engine's.
 *
 * Node offers no flock, but SQLite's exclusive transaction takes a lock of the kernel on the file: it ends with the
 * process however that dies, is seen from other namespaces, and never has to be judged stale. The files stay empty.
 *
 * @throws {EngineError} `DATA_ROOT_BUSY` naming the process
 */
export function lockRoots(paths: EnginePaths): Disposable {
  using locks = new DisposableStack();
  locks.use(lockDataRoot(paths));
  locks.use(
    lockFile(paths.runLock, () => {
      const message = `Cannot use run folder "${paths.runRoot}": another engine uses it`;
      return new EngineError('DATA_ROOT_BUSY', message, { hint: 'Give each engine a run folder of its own' });
    }),
  );
  return locks.move();
}

/** The data folder alone, for who looks at it and runs nothing. @throws {EngineError} `DATA_ROOT_BUSY` */
export function lockDataRoot(paths: EnginePaths): Disposable {
  return lockFile(paths.lock, () => busy(paths));
}

function lockFile(path: string, busy: () => EngineError): Disposable {
  const file = new DatabaseSync(path);
  try {
    file.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    throw isLocked(error) ? busy() : error;
  }
  return { [Symbol.dispose]: () => file.isOpen && file.close() };
}

/**
 * Notes whose containers run in the run folder. Those of another data folder would be strangers to this engine, and
 * strangers are ended: so it is refused while there are any.
 *
 * @throws {EngineError} `DATA_ROOT_BUSY` naming the other data folder
 */
export async function claimRunRoot(
  paths: EnginePaths,
  options: { readonly hasContainers: () => Promise<boolean> },
): Promise<void> {
  const owner = (await readIfThere(paths.runOwner))?.trim();
  if (owner === paths.dataRoot) return;
  if (owner !== undefined && owner !== '' && (await options.hasContainers())) {
    const message = `Cannot use run folder "${paths.runRoot}": containers of data folder "${owner}" run in it`;
    throw new EngineError('DATA_ROOT_BUSY', message, {
      hint: 'Stop them with the engine of that data folder, or give this one another run folder',
    });
  }
  const staging = `${paths.runOwner}.new`;
  await writeFile(staging, `${paths.dataRoot}\n`, { mode: 0o600 });
  await rename(staging, paths.runOwner);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Who holds the lock. Only true while it is held: a killed engine leaves it behind. */
export interface RunningEngine {
  readonly pid: number;
  readonly version: string;
  readonly startedAt: string;
}

export async function writeRunning(paths: EnginePaths, running: RunningEngine): Promise<void> {
  const staging = `${paths.running}.new`;
  await writeFile(staging, `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
  await rename(staging, paths.running);
}

export async function removeRunning(paths: EnginePaths): Promise<void> {
  await rm(paths.running, { force: true });
}

function busy(paths: EnginePaths): EngineError {
  const running = readRunning(paths);
  const who = running === undefined ? 'another engine' : `the engine of process ${running.pid}`;
  return new EngineError('DATA_ROOT_BUSY', `Cannot use data folder "${paths.dataRoot}": ${who} runs on it`, {
    hint: 'Stop that one first, or give this one another data folder',
    detail: running === undefined ? {} : { ...running },
  });
}

function readRunning(paths: EnginePaths): RunningEngine | undefined {
  try {
    return JSON.parse(readFileSync(paths.running, 'utf8')) as RunningEngine;
  } catch (error) {
    if (error instanceof SyntaxError || (hasCode(error) && error.code === 'ENOENT')) return undefined;
    throw error;
  }
}

const SQLITE_BUSY = 5;

function isLocked(error: unknown): boolean {
  return hasCode(error) && (error as { errcode?: number }).errcode === SQLITE_BUSY;
}
