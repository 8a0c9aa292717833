import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAbort } from '@berth/errors';
import nodeFlags from '../../bin/bootstrap/node-flags.json' with { type: 'json' };
import { CliError } from '../errors.ts';

/** As `bin/bootstrap/run.mjs` has them for a command that is run alone. */
const NODE_FLAGS = { hub: nodeFlags.always, engine: [...nodeFlags.always, ...nodeFlags.engine] };

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
/** One that ran this long has recovered: the next wait is the first again. */
const STEADY_MS = 60_000;

/** What every child tells: it is ready, it has failed, or something of its own. */
export interface ChildMessage {
  readonly type: string;
}

export interface SuperviseOptions<Message extends ChildMessage> {
  /** The program that is run with `command`. */
  readonly entry: string;
  readonly command: 'hub' | 'engine';
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly onMessage: (message: Message) => void;
  readonly onRestart: (how: HowItEnded, waitMs: number) => void;
}

export type HowItEnded = { readonly signal: NodeJS.Signals } | { readonly code: number };

/**
 * Keeps one process running until the signal. One that fails before it was ever ready is not tried again: its error is
 * the answer.
 *
 * @returns the exit code
 * @throws {CliError} `CHILD_FAILED` when it ended without a word
 */
export async function supervise<Message extends ChildMessage>(
  options: SuperviseOptions<Message>,
): Promise<number> {
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
      throw new CliError(
        'CHILD_FAILED',
        `"berth ${options.command}" ended before it was ready: ${JSON.stringify(how)}`,
        { hint: `What it said is above; "berth ${options.command}" runs it alone` },
      );
    if (performance.now() - begin > STEADY_MS) waitMs = FIRST_WAIT_MS;
    options.onRestart(how, waitMs);
    if (!(await waited(waitMs, options.signal))) return 0;
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

async function runOnce<Message extends ChildMessage>(
  options: SuperviseOptions<Message>,
  onMessage: (message: Message) => void,
): Promise<HowItEnded> {
  const child = spawn(process.execPath, [...NODE_FLAGS[options.command], options.entry, options.command], {
    // Its own process group: Ctrl-C reaches it through us, once.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: options.env,
  });
  const stop = () => child.kill('SIGTERM');
  child.on('message', (message) => onMessage(message as Message));
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
