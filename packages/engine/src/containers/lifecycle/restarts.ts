import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import type { RestartPolicy } from '../settings/restart-policy.ts';
import { timeText } from '../times.ts';
import { startContainer } from './start.ts';

/** moby's numbers. @see restartmanager/restartmanager.go */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
/** A run as long as this was a good one: the next failure waits shortly again. */
const GOOD_RUN_MS = 10_000;

/**
 * Whether the policy wants another run. At the start of an engine (`isStart`) `always` wants it even after a stop by hand,
 * `unless-stopped` does not, and `on-failure` only of those that fail now.
 */
export function shouldRestart(container: Container, options: { readonly isStart: boolean }): boolean {
  const policy = container.settings.hostConfig.RestartPolicy as RestartPolicy;
  const { exitCode, restartCount, isManuallyStopped } = container.state;
  if (container.endsOnNextExit) return false;
  switch (policy.Name) {
    case 'always':
      return true;
    case 'unless-stopped':
      return !isManuallyStopped;
    case 'on-failure':
      if (options.isStart || isManuallyStopped || exitCode === 0) return false;
      return policy.MaximumRetryCount === 0 || restartCount < policy.MaximumRetryCount;
    default:
      return false;
  }
}

/** 100 ms, doubled each time, at most a minute. */
export function restartDelayMs(count: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(count, 20));
}

/** Starts it again after the delay, unless somebody stops or removes it meanwhile. The caller holds the mutex. */
export function restartLater(
  context: ContainersContext,
  container: Container,
  options: { readonly ranMs: number; readonly isStart?: boolean },
): void {
  const wait = new AbortController();
  container.restartWait = wait;
  const isGood = options.ranMs >= GOOD_RUN_MS;
  const streak = isGood ? 0 : container.restartStreak;
  container.restartStreak = streak + 1;
  const delay = options.isStart === true ? 0 : restartDelayMs(streak);
  context.background.run('restart of a container', async () => {
    const signal = AbortSignal.any([wait.signal, context.closing]);
    // An abort means that somebody else decides now.
    await sleep(delay, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    await container.mutex.run(() => restartNow(context, container, wait));
  });
}

async function restartNow(
  context: ContainersContext,
  container: Container,
  wait: AbortController,
): Promise<void> {
  if (wait.signal.aborted || container.isGone || container.state.status !== 'restarting') return;
  container.restartWait = undefined;
  container.state = { ...container.state, restartCount: container.state.restartCount + 1 };
  try {
    await startContainer(context, container);
  } catch (error) {
    context.onFault(error, `restart of container ${container.id}`);
    container.state = { ...container.state, status: 'exited', finishedAt: timeText(new Date()) };
    if (shouldRestart(container, { isStart: false })) {
      container.state = { ...container.state, status: 'restarting' };
      restartLater(context, container, { ranMs: 0 });
    }
    await context.rows.save(container);
  }
}

/** The wait before the next run ends without one. @returns whether there was one */
export function cancelRestart(container: Container): boolean {
  container.restartWait?.abort();
  container.restartWait = undefined;
  return container.state.status === 'restarting';
}
