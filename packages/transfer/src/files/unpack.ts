import { decompress, OciError } from '@berth/oci';

/** Real layers and archives grow two to tenfold; what is made to fill a disk grows a thousandfold. */
const MAX_GROWTH = 200;
/** Below this nobody is hurt, and files of zeros are common. */
const ALWAYS_BYTES = 1024 * 1024 * 1024;

export interface UnpackOptions {
  /** For the message: `layer "sha256:…"`. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  /** So many bytes come out in any case; for tests. */
  readonly alwaysBytes?: number;
}

/**
 * Decompresses bytes of others onto our disk, and stops at a bomb.
 *
 * @throws {OciError} `COMPRESSION_INVALID`
 */
export async function* unpack(
  source: AsyncIterable<Uint8Array>,
  { what, signal, alwaysBytes = ALWAYS_BYTES }: UnpackOptions,
): AsyncGenerator<Uint8Array> {
  let packed = 0;
  let plain = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      packed += chunk.length;
      yield chunk;
    }
  }
  for await (const chunk of decompress(counted(), signal === undefined ? {} : { signal })) {
    plain += chunk.length;
    if (plain > alwaysBytes && plain > packed * MAX_GROWTH) {
      throw new OciError(
        'COMPRESSION_INVALID',
        `Cannot unpack ${what}: it grows to more than ${MAX_GROWTH} times its size`,
        { hint: 'It looks made to fill the disk; if you trust it, unpack it yourself and copy that' },
      );
    }
    yield chunk;
  }
}
