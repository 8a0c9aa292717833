import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAbort } from '@berth/errors';
import { CliError } from '../errors.ts';
import type { HubMessage } from './report.ts';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
/** A Hub that ran this long has recovered: the next wait is the first again. */
const STEADY_MS = 60_000;

export interface SuperviseOptions {
  /** The program that is run with `hub`. */
  readonly entry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly onMessage: (message: HubMessage) => void;
  readonly onRestart: (how: HowItEnded, waitMs: number) => void;
}

export type HowItEnded = { readonly signal: NodeJS.Signals } | { readonly code: number };

/**
 * Keeps one Hub process running until the signal. A Hub that fails before it was ever ready is not tried again:
 * its error is the answer.
 *
 * @returns the exit code
 * @throws {CliError} `HUB_FAILED` when it ended without a word
 */
export async function superviseHub(options: SuperviseOptions): Promise<number> {
  let wasReady = false;
  let waitMs = FIRST_WAIT_MS;
  for (;;) {
    const begin = performance.now();
    let hasFailed = false;
    const how = await runOnce(options, (message) => {
      wasReady ||= message.type === 'ready';
      hasFailed ||= message.type === 'failed';
      options.onMessage(message);
    });
    if (options.signal.aborted) return 'code' in how ? how.code : 1;
    if (!wasReady && hasFailed) return 1;
    if (!wasReady)
      throw new CliError('HUB_FAILED', `The Hub ended before it was ready: ${JSON.stringify(how)}`, {
        hint: 'What it said is above; "berth hub" runs it alone',
      });
    if (performance.now() - begin > STEADY_MS) waitMs = FIRST_WAIT_MS;
    options.onRestart(how, waitMs);
    if (!(await waited(waitMs, options.signal))) return 0;
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

async function runOnce(
  options: SuperviseOptions,
  onMessage: (message: HubMessage) => void,
): Promise<HowItEnded> {
  const child = spawn(process.execPath, [...process.execArgv, options.entry, 'hub'], {
    // Its own process group: Ctrl-C reaches the Hub through us, once.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: options.env,
  });
  const stop = () => child.kill('SIGTERM');
  child.on('message', (message) => onMessage(message as HubMessage));
  if (options.signal.aborted) stop();
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    return await ended(child);
  } finally {
    options.signal.removeEventListener('abort', stop);
  }
}

async function ended(child: ChildProcess): Promise<HowItEnded> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return signal === null ? { code: code ?? 1 } : { signal };
}

async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch (error) {
    if (isAbort(error)) return false;
    throw error;
  }
}
