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
import { removeContainer } from './remove.ts';
import { cancelRestart } from './restarts.ts';
import { startContainer } from './start.ts';
import { refuseLeaving } from './states.ts';

const SIGKILL = 9;
const SIGTERM = 15;
const DEFAULT_STOP_SECONDS = 10;
/** After SIGKILL a process may still hang in the kernel (a dead disk); then it is not waited for without end. */
const KILL_WAIT_MS = 10_000;

interface Call {
  readonly signal?: AbortSignal | undefined;
}

/** An abort counts until it begins; then it is started to the end. @returns `false`: it runs already */
export async function start(
  context: ContainersContext,
  container: Container,
  call: Call = {},
): Promise<boolean> {
  return await container.mutex.run(async () => {
    refuseLeaving(container, 'start');
    const { status } = container.state;
    if (status === 'paused') {
      throw new EngineError('CONTAINER_PAUSED', 'cannot start a paused container, try unpause instead');
    }
    if (status === 'running') return false;
    if (cancelRestart(container)) container.state = { ...container.state, status: 'exited' };
    container.state = { ...container.state, restartCount: 0 };
    container.restartStreak = 0;
    try {
      await startContainer(context, container);
    } catch (error) {
      await removeAfterFailure(context, container);
      throw error;
    }
    return true;
  }, call);
}

/** `--rm` also removes what never ran. */
async function removeAfterFailure(context: ContainersContext, container: Container): Promise<void> {
  const { AutoRemove } = container.settings.hostConfig;
  if (AutoRemove === true && !container.isRestartedByHand) {
    await removeContainer(context, container, { volumes: true });
  }
}

export interface StopOptions extends Call {
  /** −1: for ever. */
  readonly timeoutSeconds?: number | undefined;
  readonly stopSignal?: string | undefined;
}

/** @returns `false`: it did not run */
export async function stop(
  context: ContainersContext,
  container: Container,
  options: StopOptions = {},
): Promise<boolean> {
  if (!container.isActive) return false;
  const { config } = container.settings;
  // An image may name a signal that is none: then it is stopped as all others are.
  const own = parseSignal(config.StopSignal || 'SIGTERM') ?? SIGTERM;
  const signal = options.stopSignal ? parsedSignal(options.stopSignal) : own;
  const seconds = options.timeoutSeconds ?? config.StopTimeout ?? DEFAULT_STOP_SECONDS;
  const stopped = container.waitFor('stopped');
  try {
    const isOver = await sendSignal(context, container, { signal, isLast: true });
    if (!isOver) {
      const limitMs = seconds < 0 ? undefined : seconds * 1000;
      if (!(await isOverWithin(stopped.promise, { limitMs, signal: options.signal }))) {
        await killNow(context, container, { ...options, stopped: stopped.promise });
      }
    }
  } finally {
    stopped.cancel();
  }
  // What it had (ports, mounts) is given back under the mutex.
  await container.mutex.run(async () => undefined, options);
  tell(context.emit, container, { action: 'stop' });
  return true;
}

function parsedSignal(name: string): number {
  const signal = parseSignal(name);
  if (signal === undefined) throw refused(`invalid signal: ${name}`);
  return signal;
}

/** SIGKILL and the end of it. */
async function killNow(
  context: ContainersContext,
  container: Container,
  options: Call & { readonly stopped: Promise<unknown> },
): Promise<void> {
  if (await sendSignal(context, container, { signal: SIGKILL, isLast: true })) return;
  if (await isOverWithin(options.stopped, { limitMs: KILL_WAIT_MS, signal: options.signal })) return;
  throw new EngineError(
    'STOP_FAILED',
    `container ${container.id}: tried to kill container, but did not receive an exit event`,
  );
}

async function isOverWithin(
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

/**
 * @param options.isLast the restart policy has no say in the exit that follows
 * @returns whether it is over already: it was between two runs
 */
async function sendSignal(
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
  const monitor = context.monitor();
  try {
    await monitor.kill(container.id, { signal: options.signal });
  } catch (error) {
    // It ended in this moment: its exit is on the way.
    if (
      !(hasCode(error) && ['ESRCH', 'CONTAINER_UNKNOWN', 'PROCESS_GONE', 'NOT_RUNNING'].includes(error.code))
    ) {
      throw new EngineError(
        'STOP_FAILED',
        `Cannot kill container ${container.id}: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    }
  }
  tell(context.emit, container, { action: 'kill', attributes: { signal: String(options.signal) } });
  // A frozen process takes no signal.
  if (container.state.status === 'paused' && options.isLast) await thaw(context, container);
  return false;
}

async function thaw(context: ContainersContext, container: Container): Promise<void> {
  await context.monitor().resume(container.id);
  if (container.state.status !== 'paused') return;
  container.state = { ...container.state, status: 'running' };
  tell(context.emit, container, { action: 'unpause' });
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

export async function kill(
  context: ContainersContext,
  container: Container,
  options: Call & { readonly signalName?: string | undefined } = {},
): Promise<void> {
  const signal = parsedSignal(options.signalName || 'SIGKILL');
  if (!container.isActive) throw notRunning(container);
  const { StopSignal } = container.settings.config;
  // As with Docker: the container's own stop signal, or any while it has none, is meant to be the end.
  const isLast = signal === SIGKILL || !StopSignal || parseSignal(StopSignal) === signal;
  if (signal !== SIGKILL) {
    await sendSignal(context, container, { signal, isLast });
    return;
  }
  const stopped = container.waitFor('stopped');
  try {
    await killNow(context, container, { ...options, stopped: stopped.promise });
  } finally {
    stopped.cancel();
  }
  await container.mutex.run(async () => undefined, options);
}

export async function restart(
  context: ContainersContext,
  container: Container,
  options: StopOptions = {},
): Promise<void> {
  container.isRestartedByHand = true;
  try {
    await stop(context, container, options);
    await start(context, container);
  } finally {
    container.isRestartedByHand = false;
  }
  tell(context.emit, container, { action: 'restart' });
}

export async function pause(context: ContainersContext, container: Container): Promise<void> {
  await container.mutex.run(async () => {
    const { status } = container.state;
    if (status === 'restarting') throw isRestarting(container);
    if (status === 'paused') {
      throw new EngineError('CONTAINER_PAUSED', `container ${container.id} is already paused`);
    }
    if (status !== 'running') throw notRunning(container);
    await context.monitor().pause(container.id);
    container.state = { ...container.state, status: 'paused' };
    await context.rows.save(container);
    tell(context.emit, container, { action: 'pause' });
  });
}

export async function unpause(context: ContainersContext, container: Container): Promise<void> {
  await container.mutex.run(async () => {
    if (container.state.status !== 'paused') {
      throw new EngineError('CONTAINER_BUSY', `container ${container.id} is not paused`);
    }
    await context.monitor().resume(container.id);
    container.state = { ...container.state, status: 'running' };
    await context.rows.save(container);
    tell(context.emit, container, { action: 'unpause' });
  });
}

export async function remove(
  context: ContainersContext,
  container: Container,
  options: Call & { readonly force?: boolean | undefined; readonly volumes?: boolean | undefined } = {},
): Promise<void> {
  if (container.isLeaving) {
    const message = `removal of container ${container.id} is already in progress`;
    throw new EngineError('CONTAINER_BUSY', message);
  }
  const { status } = container.state;
  if (container.isActive) {
    if (options.force !== true) {
      const way =
        status === 'paused'
          ? 'and must be unpaused first'
          : ': stop the container before removing or force remove';
      const message = `cannot remove container "/${container.name}": container is ${status}${status === 'paused' ? ' ' : ''}${way}`;
      throw new EngineError('CONTAINER_RUNNING', message);
    }
    await killForRemoval(context, container, options);
  }
  await container.mutex.run(async () => {
    if (container.isGone) return;
    if (container.isActive)
      throw new EngineError('CONTAINER_RUNNING', `container ${container.id} was started meanwhile`);
    await removeContainer(context, container, { volumes: options.volumes === true });
  }, options);
}

async function killForRemoval(context: ContainersContext, container: Container, call: Call): Promise<void> {
  try {
    await kill(context, container, call);
  } catch (error) {
    if (!(hasCode(error) && error.code === 'CONTAINER_NOT_RUNNING')) throw error;
  }
}

export function notRunning(container: Container): EngineError {
  return new EngineError('CONTAINER_NOT_RUNNING', `container ${container.id} is not running`);
}

function isRestarting(container: Container): EngineError {
  const message = `container ${container.id} is restarting, wait until the container is running`;
  return new EngineError('CONTAINER_BUSY', message);
}
