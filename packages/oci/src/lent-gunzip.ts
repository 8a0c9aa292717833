import { constants, createGunzip, type Gunzip } from 'node:zlib';

/** Small enough to be in the processor's cache when the consumer looks at it. */
const OUTPUT_BYTES = 256 * 1024;
const NOTHING = new Uint8Array(0);

/** What zlib says is wrong; `code` as Node has it (`Z_DATA_ERROR`, `Z_BUF_ERROR` for a stream that ends early). */
export interface GunzipFailure {
  readonly message: string;
  readonly code: string;
}

/** The binding below Node's zlib streams: undocumented, and unchanged since Node 11. */
interface Handle {
  onerror: (message: string, errno: number, code: string) => void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ): void;
}

interface GunzipInside {
  readonly _handle?: Partial<Handle>;
  /** After each write: room left in the output, bytes left of the input. */
  readonly _writeState?: Uint32Array;
}

/** Whether this Node has what `lentGunzip` needs. */
export function canLendGunzip(): boolean {
  const gunzip = createGunzip();
  try {
    const { _handle, _writeState } = gunzip as Gunzip & GunzipInside;
    return typeof _handle?.writeSync === 'function' && _writeState instanceof Uint32Array;
  } finally {
    gunzip.close();
  }
}

/**
 * Inflates on this thread into one buffer: each chunk is good until the next one is asked for, and so are those of the
 * source. A third less work than a stream, whose buffers are new for each chunk and are filled on other threads.
 *
 * @throws {GunzipFailure} an error with `code`; `Z_DATA_ERROR` also for zero bytes after the end
 */
export async function* lentGunzip(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const gunzip = createGunzip({ chunkSize: constants.Z_MIN_CHUNK });
  try {
    const inflate = inflater(gunzip);
    for await (const chunk of source) yield* inflate(chunk, constants.Z_NO_FLUSH);
    // Says whether the stream may end here.
    yield* inflate(NOTHING, constants.Z_FINISH);
  } finally {
    gunzip.close();
  }
}

function inflater(gunzip: Gunzip): (chunk: Uint8Array, flush: number) => Generator<Uint8Array> {
  const { _handle, _writeState: state } = gunzip as unknown as { _handle: Handle; _writeState: Uint32Array };
  const output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  let failure: Error | undefined;
  _handle.onerror = (message, _errno, code) => {
    failure = Object.assign(new Error(message), { code });
  };
  return function* (chunk, flush) {
    for (let at = 0; ; ) {
      const length = chunk.length - at;
      _handle.writeSync(flush, chunk, at, length, output, 0, output.length);
      if (failure !== undefined) throw failure;
      const [room = 0, left = 0] = state;
      if (room < output.length) yield output.subarray(0, output.length - room);
      at = chunk.length - left;
      if (room === 0) continue;
      if (left > 0) throw Object.assign(new Error('there are bytes after the end'), { code: 'Z_DATA_ERROR' });
      return;
    }
  };
}
