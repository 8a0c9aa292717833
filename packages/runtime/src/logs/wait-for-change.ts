import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode } from '@berth/errors';

/** Looks that often where the kernel has no watch left for us. */
const POLL_MS = 200;
/** And that often beside a watch, whose events a full queue may lose. */
const BACKSTOP_MS = 2000;

/** Tells that something happened to a log. Nothing between two `wait` is missed. */
export class ChangeWatch implements Disposable {
  #watcher: FSWatcher | undefined;
  #hasChanged = false;
  #wake: (() => void) | undefined;

  constructor(path: string) {
    try {
      this.#watcher = watch(dirname(path), { persistent: true }, () => this.changed());
      this.#watcher.on('error', () => this.#stop());
    } catch (error) {
      if (!hasCode(error) || !['ENOSPC', 'EMFILE', 'ENOENT'].includes(error.code)) throw error;
    }
  }

  /** To be called by whoever knows of a change from elsewhere. */
  readonly changed = (): void => {
    this.#hasChanged = true;
    this.#wake?.();
  };

  async wait(): Promise<void> {
    if (!this.#hasChanged) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#watcher === undefined ? POLL_MS : BACKSTOP_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#hasChanged = false;
  }

  [Symbol.dispose](): void {
    this.#stop();
    this.#wake?.();
  }

  #stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
