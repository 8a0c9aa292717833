import { EngineError } from '../../errors.ts';
import type { Container, StopResult } from '../container.ts';
import { untilAborted } from '../mutex.ts';
import { refused } from '../settings/refuse.ts';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** Waits for the end that was asked for; `onArmed` is called as soon as it cannot be missed any more. */
export async function waitForContainer(
  container: Container,
  options: {
    readonly condition?: WaitCondition | undefined;
    readonly onArmed?: (() => void) | undefined;
    readonly closing: AbortSignal;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<{ readonly StatusCode: number; readonly Error?: { readonly Message: string } }> {
  const { condition = 'not-running', onArmed, signal, closing } = options;
  if (!['not-running', 'next-exit', 'removed'].includes(condition)) {
    throw refused(`invalid condition: "${condition}"`);
  }
  if (condition === 'not-running' && !container.isActive) {
    onArmed?.();
    const { exitCode, error } = container.state;
    return answer({ exitCode, ...(error === '' ? {} : { error }) });
  }
  const { promise, cancel } = container.waitFor(condition === 'removed' ? 'removed' : 'stopped');
  try {
    onArmed?.();
    const ended = AbortSignal.any([closing, ...(signal === undefined ? [] : [signal])]);
    return answer(await untilAborted(promise, ended));
  } catch (error) {
    if (closing.aborted) throw new EngineError('ENGINE_CLOSED', 'the engine is being closed');
    throw error;
  } finally {
    cancel();
  }
}

function answer({ exitCode, error }: StopResult): {
  readonly StatusCode: number;
  readonly Error?: { readonly Message: string };
} {
  return { StatusCode: exitCode, ...(error === undefined ? {} : { Error: { Message: error } }) };
}
