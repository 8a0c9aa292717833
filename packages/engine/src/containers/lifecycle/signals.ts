import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import { parseSignal } from '@berth/linux';
import { EngineError } from '../../errors.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { untilAborted } from '../mutex.ts';
import { refused } from '../settings/refuse.ts';
import { tell } from '../tell.ts';
import { timeText } from '../times.ts';
import { cancelRestart } from './restarts.ts';

export const SIGKILL = 9;
const SIGTERM = 15;
/** After SIGKILL a process may still hang in the kernel (a dead disk); then it is not waited for without end. */
const KILL_WAIT_MS = 10_000;

/** @throws {EngineError} `CONFIG_REFUSED` */
export function parsedSignal(name: string): number {
  const signal = parseSignal(name);
  if (signal === undefined) throw refused(`invalid signal: ${name}`);
  return signal;
}

/** What a stop sends. An image may name a signal that is none: then it is stopped as all others are. */
export function stopSignalOf(container: Container): number {
  return parseSignal(container.settings.config.StopSignal || 'SIGTERM') ?? SIGTERM;
}

/**
 * @param options.isLast the restart policy has no say in the exit that follows
 * @returns whether it is over already: it was between two runs
 */
export async function sendSignal(
  context: ContainersContext,
  container: Container,
  options: { readonly signal: number; readonly isLast: boolean },
): Promise<boolean> {
  if (options.isLast) {
    container.state = { ...container.state, isManuallyStopped: true };
    container.endsOnNextExit = true;
  }
  if (container.state.status === 'restarting') {
    if (await endRestarting(context, container)) return true;
    // The next run had begun already, and with it what was noted is forgotten.
    if (!container.isActive) return true;
    return await sendSignal(context, container, options);
  }
  context.background.run('state of a container', () => context.rows.save(container));
  await unlessGone(() => context.monitor().kill(container.id, { signal: options.signal }), container);
  tell(context.emit, container, { action: 'kill', attributes: { signal: String(options.signal) } });
  // A frozen process takes no signal.
  if (container.state.status === 'paused' && options.isLast) await thaw(context, container);
  return false;
}

async function thaw(context: ContainersContext, container: Container): Promise<void> {
  await unlessGone(() => context.monitor().resume(container.id), container);
  if (container.state.status !== 'paused') return;
  container.state = { ...container.state, status: 'running' };
  tell(context.emit, container, { action: 'unpause' });
}

const GONE = ['CONTAINER_ENDED', 'CONTAINER_UNKNOWN', 'ESRCH'];

/** It may end in this moment: its exit is on the way then. */
async function unlessGone(work: () => Promise<void>, container: Container): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (hasCode(error) && GONE.includes(error.code)) return;
    const message = `Cannot kill container ${container.id}: ${(error as Error).message}`;
    throw new EngineError('STOP_FAILED', message, { cause: error });
  }
}

/** @returns `false`: it runs by now */
async function endRestarting(context: ContainersContext, container: Container): Promise<boolean> {
  cancelRestart(container);
  return await container.mutex.run(async () => {
    if (container.state.status !== 'restarting') return false;
    cancelRestart(container);
    container.state = { ...container.state, status: 'exited', finishedAt: timeText(new Date()) };
    await context.rows.save(container);
    container.tell('stopped');
    return true;
  });
}

/** SIGKILL and the end of it. */
export async function killNow(
  context: ContainersContext,
  container: Container,
  options: { readonly stopped: Promise<unknown>; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  if (await sendSignal(context, container, { signal: SIGKILL, isLast: true })) return;
  if (await isOverWithin(options.stopped, { limitMs: KILL_WAIT_MS, signal: options.signal })) return;
  throw new EngineError(
    'STOP_FAILED',
    `container ${container.id}: tried to kill container, but did not receive an exit event`,
  );
}

/** Without a limit it is waited for. An abort throws its reason. */
export async function isOverWithin(
  stopped: Promise<unknown>,
  options: { readonly limitMs: number | undefined; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  const over = stopped.then(() => true);
  const { signal, limitMs } = options;
  if (limitMs === undefined) return signal === undefined ? await over : await untilAborted(over, signal);
  const timer = new AbortController();
  try {
    const late = sleep(limitMs, false, { signal: timer.signal }).catch(() => false);
    const first = Promise.race([over, late]);
    return await (signal === undefined ? first : untilAborted(first, signal));
  } finally {
    timer.abort();
  }
}
