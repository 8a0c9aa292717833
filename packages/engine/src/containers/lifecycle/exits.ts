import type { ProcessExit } from '@berth/monitor';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { tell } from '../tell.ts';
import { timeText } from '../times.ts';
import { releaseRun } from './release-run.ts';
import { removeContainer } from './remove.ts';
import { restartLater, shouldRestart } from './restarts.ts';

/** What is said where nobody saw how a process ended: never 0. */
export const UNKNOWN_EXIT_CODE = 255;

/** What an exit means for the container: its state, its restart policy, its end. Runs under its mutex. */
export async function handleExit(
  context: ContainersContext,
  container: Container,
  exit: ProcessExit,
): Promise<void> {
  await container.mutex.run(async () => {
    if (container.isGone || container.state.pid === 0) return await context.forget(exit.id);
    await containerExited(context, container, exit);
  });
}

/**
 * The caller holds the mutex. Who waits for the exit is told at once; but a published port is free before that, since whoever waited
 * may want to publish it again.
 */
export async function containerExited(
  context: ContainersContext,
  container: Container,
  exit: Omit<ProcessExit, 'id'>,
): Promise<void> {
  const { emit } = context;
  const { hostConfig } = container.settings;
  const ranMs = noteExit(container, exit);
  const willRestart = !context.closing.aborted && shouldRestart(container, { isStart: false });
  container.state = { ...container.state, status: willRestart ? 'restarting' : 'exited' };
  context.execs.endOf(container.id);
  container.execIds.clear();
  if (exit.isOomKilled) tell(emit, container, { action: 'oom' });
  const { exitCode } = container.state;
  tell(emit, container, {
    action: 'die',
    attributes: { execDuration: String(Math.floor(ranMs / 1000)), exitCode: String(exitCode) },
  });
  const isPublishing = (container.sandbox?.ports.length ?? 0) > 0;
  if (!isPublishing) container.tell('stopped');
  const removesItself = hostConfig.AutoRemove === true && !container.isRestartedByHand && !willRestart;
  if (removesItself) return await removeContainer(context, container, { volumes: true, isExit: true });
  const saved = context.rows.save(container);
  const [, outcome] = await Promise.allSettled([releaseRun(context, container), saved]);
  if (isPublishing) container.tell('stopped');
  // Only when it is in the row may the monitor forget how it ended.
  if (outcome.status === 'fulfilled') await context.forget(container.id);
  else context.onFault(outcome.reason, `state of container ${container.id}`);
  if (willRestart) restartLater(context, container, { ranMs });
}

/** @returns how long it ran */
function noteExit(container: Container, exit: Omit<ProcessExit, 'id'>): number {
  const { startedAt = '' } = container.state;
  const ranMs = Math.max(0, exit.finishedAt.getTime() - (Date.parse(startedAt) || exit.finishedAt.getTime()));
  container.state = {
    ...container.state,
    pid: 0,
    exitCode: exit.exitCode ?? UNKNOWN_EXIT_CODE,
    error: exit.exitCode === undefined ? 'exit code unknown: nobody was there to see the process end' : '',
    isOomKilled: exit.isOomKilled,
    finishedAt: timeText(exit.finishedAt),
  };
  return ranMs;
}
