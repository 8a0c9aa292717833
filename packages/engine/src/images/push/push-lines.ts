import type { DiffID } from '@berth/oci';
import { shortId } from '../names.ts';
import type { OnProgress } from '../receive/layer-progress.ts';
import { progressBar } from '../receive/progress-bar.ts';

const INTERVAL_MS = 100;

/** The lines about one layer of a push, in Docker's words; the id is of the uncompressed layer. */
export class PushLines {
  readonly #id: string;
  readonly #send: OnProgress;
  #shownAtMs = 0;

  constructor(diffID: DiffID, send: OnProgress) {
    this.#id = shortId(diffID);
    this.#send = send;
  }

  status(status: string): void {
    this.#send({ status, progressDetail: {}, id: this.#id });
  }

  pushing(current: number, total: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#shownAtMs < INTERVAL_MS) return;
    this.#shownAtMs = nowMs;
    this.#send({
      status: 'Pushing',
      progressDetail: { current, total },
      progress: progressBar(current, total),
      id: this.#id,
    });
  }
}
