import { type Digest, Digester, digestAlgorithm } from './digest.ts';
import { OciError } from './errors.ts';

export interface ExpectedBytes {
  readonly digest: Digest;
  /** Bytes. Without it only the digest is checked. */
  readonly size?: number;
}

/**
 * Passes bytes on and hashes them on the way. Whoever consumes it to the end without an error has the right bytes.
 *
 * The source is closed when the consumer stops early or an error is thrown.
 *
 * @throws {OciError} `SIZE_MISMATCH` before the first byte too many is passed on, or at the end for too few;
 *   `DIGEST_MISMATCH` at the end
 */
export async function* verifyStream(
  source: AsyncIterable<Uint8Array>,
  expected: ExpectedBytes,
): AsyncGenerator<Uint8Array, void, undefined> {
  const digester = new Digester(digestAlgorithm(expected.digest));
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (expected.size !== undefined && size > expected.size)
      throw sizeMismatch(expected, expected.size, `at least ${size}`);
    digester.update(chunk);
    yield chunk;
  }
  if (expected.size !== undefined && size !== expected.size)
    throw sizeMismatch(expected, expected.size, String(size));
  const actual = digester.digest();
  if (actual !== expected.digest) {
    throw new OciError(
      'DIGEST_MISMATCH',
      `Cannot accept bytes: expected digest "${expected.digest}", got "${actual}"`,
      {
        hint: 'The bytes were changed or damaged on the way; fetch or send them again',
        detail: { expected: expected.digest, actual },
      },
    );
  }
}

function sizeMismatch(expected: ExpectedBytes, size: number, actual: string): OciError {
  return new OciError(
    'SIZE_MISMATCH',
    `Cannot accept bytes of "${expected.digest}": expected ${size} bytes, got ${actual}`,
    {
      hint: 'The transfer was cut or the announced size is wrong; try again',
      detail: { digest: expected.digest, expected: size, actual },
    },
  );
}

export interface ReadAllOptions {
  readonly maxSizeBytes: number;
  /** For the message: `manifest`. */
  readonly what: string;
}

/**
 * Gathers a small stream into one array and stops reading as soon as it is larger than allowed.
 *
 * @throws {OciError} `SIZE_MISMATCH`
 */
export async function readAll(
  source: AsyncIterable<Uint8Array>,
  options: ReadAllOptions,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > options.maxSizeBytes) {
      throw new OciError(
        'SIZE_MISMATCH',
        `Cannot read ${options.what}: it has more than ${options.maxSizeBytes} bytes, which is the limit`,
        { detail: { maxSizeBytes: options.maxSizeBytes } },
      );
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}
