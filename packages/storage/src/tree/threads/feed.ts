export interface FeedOptions {
  /** A place for bytes, when there is one. */
  room(): Promise<Uint8Array>;
  /** So many bytes are in the place that `room` gave last. */
  send(length: number): void;
  end(): void;
  /** The source failed; nothing follows. */
  fail(error: unknown): void;
  readonly onProgress: ((doneBytes: number) => void) | undefined;
}

/**
 * Moves a source to a worker, every place filled but the last.
 *
 * @returns `stop`: no more is wanted. It closes the source and does not wait for a read that is under way.
 */
export function feed(source: AsyncIterable<Uint8Array>, options: FeedOptions): { stop(): void } {
  const iterator = source[Symbol.asyncIterator]();
  let isStopped = false;
  let isOver = false;
  void move();
  return {
    stop: () => {
      isStopped = true;
      if (isOver) return;
      isOver = true;
      // What the source says to being closed concerns nobody any more: the job's outcome is known.
      Promise.resolve(iterator.return?.()).catch(() => undefined);
    },
  };

  async function move(): Promise<void> {
    let place: Uint8Array | undefined;
    let used = 0;
    let done = 0;
    try {
      for (;;) {
        const next = await iterator.next();
        if (isStopped) return;
        if (next.done === true) break;
        for (let rest = next.value; rest.length > 0; ) {
          place ??= await options.room();
          if (isStopped) return;
          const part = rest.subarray(0, place.length - used);
          place.set(part, used);
          used += part.length;
          rest = rest.subarray(part.length);
          if (used < place.length) break;
          options.send(used);
          place = undefined;
          used = 0;
        }
        done += next.value.length;
        options.onProgress?.(done);
      }
      isOver = true;
      if (used > 0) options.send(used);
      options.end();
    } catch (error) {
      isOver = true;
      if (!isStopped) options.fail(error);
    }
  }
}
