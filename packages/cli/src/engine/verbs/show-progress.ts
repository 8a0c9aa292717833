import type { ApiCall } from '../client/engine-client.ts';
import { ProgressDisplay, type ProgressLine } from '../client/progress-display.ts';
import { type VerbCall, VerbError } from './interface.ts';

export interface ShowProgressOptions {
  /** Where: `none` reads on and says nothing but errors. */
  readonly target: 'stdout' | 'stderr' | 'none';
  readonly onAux?: (aux: Readonly<Record<string, unknown>>) => void;
}

/**
 * Follows a stream of progress to its end; in JSON the lines are handed on as they are.
 *
 * @throws {VerbError} the stream's own error
 */
export async function showProgress(
  { api, out, context }: Pick<VerbCall, 'api' | 'out' | 'context'>,
  call: ApiCall,
  { target, onAux }: ShowProgressOptions,
): Promise<void> {
  const display = new ProgressDisplay(context[target === 'none' ? 'stderr' : target]);
  for await (const line of api.lines<ProgressLine>({ method: 'POST', ...call })) {
    const problem = line.errorDetail?.message ?? line.error;
    if (problem !== undefined) throw new VerbError(problem);
    if (line.aux !== undefined) onAux?.(line.aux);
    if (target === 'none') continue;
    if (out.isJson) out.line('', line);
    else display.show(line);
  }
}
