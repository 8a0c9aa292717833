import { hasCode } from '@berth/errors';
import { EngineError } from '../../errors.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { tell } from '../tell.ts';
import { removeContainer } from './remove.ts';
import { cancelRestart } from './restarts.ts';
import { isOverWithin, killNow, parsedSignal, SIGKILL, sendSignal, stopSignalOf } from './signals.ts';
import { startContainer } from './start.ts';
import { refuseLeaving } from './states.ts';

const DEFAULT_STOP_SECONDS = 10;

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
  const signal = options.stopSignal ? parsedSignal(options.stopSignal) : stopSignalOf(container);
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

export async function kill(
  context: ContainersContext,
  container: Container,
  options: Call & { readonly signalName?: string | undefined } = {},
): Promise<void> {
  const signal = parsedSignal(options.signalName || 'SIGKILL');
  if (!container.isActive) throw notRunning(container);
  if (signal !== SIGKILL) {
    // Its own stop signal is meant to be the end; another one (a HUP) is a message.
    await sendSignal(context, container, { signal, isLast: signal === stopSignalOf(container) });
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
