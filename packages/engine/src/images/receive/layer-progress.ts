import type { Descriptor } from '@berth/oci';
import type { LayerProgress } from '@berth/storage';
import type { ApiProgress } from '../../api/types.ts';
import { shortId } from '../names.ts';
import { progressBar } from './progress-bar.ts';

export type OnProgress = (line: ApiProgress) => void;

/** Is told what becomes of one layer, and tells somebody. */
export interface LayerReport {
  /** It was here before. */
  exists(): void;
  /** It is missing. */
  announced(): void;
  /** Others come first. */
  waits(): void;
  /** Bytes of it that came so far. */
  read(doneBytes: number): void;
  /** All of them came, and they have its digest. */
  whole(): void;
  retries(seconds: number): void;
  /** What the layer store says of it. */
  applying(progress: LayerProgress): void;
}

const INTERVAL_MS = 100;

/**
 * The lines about one layer of a pull, in Docker's words and order. Clients draw one line per id and count on
 * `Pull complete` or `Already exists` as the last.
 */
export class PullLines implements LayerReport {
  readonly #id: string;
  readonly #size: number;
  readonly #send: OnProgress;
  #shownAtMs = 0;
  #isDownloaded = false;
  #isEnded = false;

  constructor(layer: Descriptor, send: OnProgress) {
    this.#id = shortId(layer.digest);
    this.#size = layer.size;
    this.#send = send;
  }

  exists(): void {
    this.#end('Already exists');
  }

  announced(): void {
    this.#status('Pulling fs layer');
  }

  waits(): void {
    this.#status('Waiting');
  }

  read(doneBytes: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#shownAtMs < INTERVAL_MS) return;
    this.#shownAtMs = nowMs;
    this.#detail('Downloading', doneBytes);
  }

  retries(seconds: number): void {
    this.#status(`Retrying in ${seconds} second${seconds === 1 ? '' : 's'}`);
  }

  whole(): void {
    if (this.#isDownloaded) return;
    this.#isDownloaded = true;
    this.#status('Verifying Checksum');
    this.#status('Download complete');
  }

  applying(progress: LayerProgress): void {
    switch (progress.state) {
      case 'applying':
        break;
      case 'exists':
        this.#end(this.#isDownloaded ? 'Pull complete' : 'Already exists');
        break;
      case 'applied':
        this.whole();
        this.#detail('Extracting', this.#size);
        break;
      case 'committed':
        this.whole();
        this.#end('Pull complete');
    }
  }

  #end(status: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#status(status);
  }

  #status(status: string): void {
    this.#send({ status, progressDetail: {}, id: this.#id });
  }

  #detail(status: string, current: number): void {
    this.#send({
      status,
      progressDetail: { current, total: this.#size },
      progress: progressBar(current, this.#size),
      id: this.#id,
    });
  }
}

/** The one line about a layer of a `docker load`: its id is of the uncompressed layer. */
export class LoadLines implements LayerReport {
  readonly #id: string;
  readonly #size: number;
  readonly #send: OnProgress;
  #shownAtMs = 0;

  constructor({
    diffID,
    size,
    send,
  }: { readonly diffID: string; readonly size: number; readonly send: OnProgress }) {
    this.#id = shortId(diffID);
    this.#size = size;
    this.#send = send;
  }

  exists(): void {}
  announced(): void {}
  waits(): void {}
  retries(): void {}
  applying(): void {}

  read(doneBytes: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#shownAtMs < INTERVAL_MS) return;
    this.#shownAtMs = nowMs;
    this.#show(doneBytes);
  }

  whole(): void {
    this.#show(this.#size);
  }

  #show(current: number): void {
    const progressDetail = { current, total: this.#size };
    this.#send({
      status: 'Loading layer',
      progressDetail,
      progress: progressBar(current, this.#size),
      id: this.#id,
    });
  }
}
