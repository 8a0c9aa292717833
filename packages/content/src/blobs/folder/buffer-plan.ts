const KIB = 1024;
const MIN_BYTES = 64 * KIB;
const MAX_BYTES = 512 * KIB;
/** For all streams of one kind together; two buffers each. */
const BUDGET_BYTES = 32 * 1024 * KIB;

/**
 * Chooses how large the buffers of a stream are: large for a few (fewer, longer system calls), small for many,
 * so that 200 streams together need about 25 MiB.
 */
export class BufferPlan {
  #streams = 0;

  /** Counts one stream in until it is disposed of. */
  enter(): Disposable {
    this.#streams += 1;
    let isIn = true;
    return {
      [Symbol.dispose]: () => {
        if (isIn) this.#streams -= 1;
        isIn = false;
      },
    };
  }

  /** Right now; streams ask again before each use and take a smaller buffer when others have come. */
  get sizeBytes(): number {
    const share = BUDGET_BYTES / (2 * Math.max(1, this.#streams));
    let size = MAX_BYTES;
    while (size > MIN_BYTES && size > share) size /= 2;
    return size;
  }
}

/** Not filled with zeros: every byte is overwritten before it is shown. */
export function allocate(sizeBytes: number): Buffer<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(sizeBytes);
}
