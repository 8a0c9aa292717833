const KIB = 1024;
const SMALL_BYTES = 64 * KIB;
const LARGE_BYTES = 1024 * KIB;
/** Large buffers at any time; whoever comes later works with small ones. */
const LARGE_COUNT = 16;
/** Buffers of each size that are kept for the next stream, in bytes. */
const KEPT_BYTES = 4 * 1024 * KIB;

/**
 * Buffers for the streams of one store. A few streams get large ones: fewer, longer system calls, and fewer threads
 * woken for them (a push is half again as fast as with 256 KiB). Many get small ones: 200 downloads at once need
 * 40 MiB. Taking them from here and not from the garbage collector is what keeps it so: it would let twice as much
 * pile up.
 *
 * The bytes of a buffer are what was in it before: fill it before showing it.
 */
export class BufferPool {
  readonly #large: Buffer[] = [];
  readonly #small: Buffer[] = [];
  #largeCount = 0;

  /** Size of the buffers that are always to be had. */
  readonly smallBytes = SMALL_BYTES;

  takeSmall(): Buffer {
    return this.#small.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES);
  }

  /** A large buffer while there are some, else a small one. */
  take(): Buffer {
    if (this.#largeCount >= LARGE_COUNT) return this.takeSmall();
    this.#largeCount += 1;
    return this.#large.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
  }

  /** Nobody may look at the bytes any more: the next stream writes over them. */
  give(buffer: Buffer): void {
    this.forget(buffer);
    if (buffer.length === LARGE_BYTES) keep(this.#large, buffer);
    if (buffer.length === SMALL_BYTES) keep(this.#small, buffer);
  }

  /** For a buffer that somebody may still look at: it is left to the garbage collector. */
  forget(buffer: Buffer): void {
    if (buffer.length === LARGE_BYTES) this.#largeCount -= 1;
  }
}

function keep(list: Buffer[], buffer: Buffer): void {
  if ((list.length + 1) * buffer.length <= KEPT_BYTES) list.push(buffer);
}
