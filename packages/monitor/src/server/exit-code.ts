import type { Ending } from './reaper.ts';

/** As a shell says it: 128 and the signal's number for who was killed; `undefined`: nobody saw it. */
export function exitCodeOf(ending: Ending): number | undefined {
  if (ending === undefined) return undefined;
  return 'exitCode' in ending ? ending.exitCode : 128 + ending.signal;
}
