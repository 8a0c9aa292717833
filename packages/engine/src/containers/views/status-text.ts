import type { ContainerState } from '../model.ts';
import { humanDuration } from './durations.ts';

/** The STATUS column: `Up 5 seconds`, `Exited (0) 2 minutes ago`. */
export function statusText(state: ContainerState, nowMs: number): string {
  const { status, exitCode, startedAt, finishedAt } = state;
  const since = (time: string | undefined) => humanDuration(Math.max(0, nowMs - Date.parse(time ?? '')));
  switch (status) {
    case 'running':
      return `Up ${since(startedAt)}`;
    case 'paused':
      return `Up ${since(startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${exitCode}) ${since(finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
    default:
      return finishedAt === undefined ? '' : `Exited (${exitCode}) ${since(finishedAt)} ago`;
  }
}
