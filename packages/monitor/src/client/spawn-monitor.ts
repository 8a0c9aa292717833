import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { hasCode } from '@berth/errors';
import { MonitorError } from '../errors.ts';
import type { MonitorPaths } from '../paths.ts';

const START_TIMEOUT_MS = 15_000;

/** Memory counts more than speed here: small young and old generations, no second thread for compiling. */
const NODE_OPTIONS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=1', '--v8-pool-size=1'];

/**
 * Starts a monitor that outlives us and waits until it can be asked, or until it says that another one can.
 *
 * @throws {MonitorError} `MONITOR_START_FAILED` with what it said
 */
export async function spawnMonitor(
  runRoot: string,
  paths: MonitorPaths,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  await mkdir(paths.folder, { recursive: true, mode: 0o700 });
  const log = openSync(paths.log, 'a', 0o600);
  try {
    const child = spawn(process.execPath, [...NODE_OPTIONS, entry(), runRoot], {
      cwd: '/',
      detached: true,
      env: environment(paths),
      stdio: ['ignore', 'pipe', log],
    }) as Child;
    const said = await firstLine(child, options.signal);
    child.stdout.destroy();
    child.unref();
    if (said === 'ready' || said === 'busy') return;
    throw new MonitorError(
      'MONITOR_START_FAILED',
      `Cannot start the monitor: ${await lastWords(paths.log)}`,
      {
        hint: `What it said is in ${paths.log}`,
      },
    );
  } finally {
    closeSync(log);
  }
}

/** Beside this file, with its ending: `.ts` in the repository, `.js` where the package is installed. */
function entry(): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../main.${ending}`, import.meta.url));
}

/** With a compile cache, so that it needs no compiler the next time: neither time nor memory for it. */
function environment(paths: MonitorPaths): NodeJS.ProcessEnv {
  const used = getCompileCacheDir();
  const cache = process.env.NODE_COMPILE_CACHE ?? (used === undefined ? undefined : dirname(used));
  const { NODE_OPTIONS: _, ...env } = process.env;
  return { ...env, NODE_COMPILE_CACHE: cache ?? join(paths.folder, 'compile') };
}

type Child = ChildProcess & { readonly stdout: Readable };

async function firstLine(child: Child, signal: AbortSignal | undefined): Promise<string | undefined> {
  signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => finish(() => resolve(undefined)), START_TIMEOUT_MS);
    const onAbort = (): void => finish(() => reject(signal?.reason));
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    child.once('error', (error) => finish(() => reject(error)));
    child.once('exit', () => finish(() => resolve(text.trim() || undefined)));
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.includes('\n')) finish(() => resolve(text.trim()));
    });
  });
}

async function lastWords(log: string): Promise<string> {
  try {
    const text = await readFile(log, 'utf8');
    const lines = text.trim().split('\n');
    return lines.findLast((line) => line.includes('Error')) ?? lines.at(-1) ?? 'it said nothing';
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return 'it said nothing';
    throw error;
  }
}
