import type { CopyEvent } from '@berth/transfer';
import { formatBytes } from '../output/columns.ts';
import { formatSeconds, RESULT_WORDS, shortDigest } from './format.ts';
import type { CopyProgress } from './interface.ts';
import { CopyState } from './layer-state.ts';

/** One line when something is done, for logs: nothing is ever drawn over. */
export function plainLines(write: (line: string) => void): CopyProgress {
  const state = new CopyState();
  return {
    onEvent(event: CopyEvent) {
      const layer = state.take(event, performance.now());
      if (event.type === 'retry') {
        write(
          `${shortDigest(event.digest)}  ${event.reason}; again in ${formatSeconds(event.waitMs / 1000)}`,
        );
      }
      if (event.type !== 'blob.done' || layer === undefined) return;
      write(`${shortDigest(layer.digest)}  ${RESULT_WORDS[event.result]}  ${formatBytes(layer.sizeBytes)}`);
    },
    stop: () => {},
  };
}
