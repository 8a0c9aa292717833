import type { CopyEvent } from '@berth/transfer';

/** Shows a copy while it runs. `stop` leaves the terminal as it found it, also after a failure. */
export interface CopyProgress {
  onEvent(event: CopyEvent): void;
  stop(): void;
}
