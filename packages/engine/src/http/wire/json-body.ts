import type { IncomingMessage } from 'node:http';
import { EngineError } from '../../errors.ts';
import { bodyOf } from './bytes-of.ts';
import type { Shape } from './shape.ts';

/** More than any configuration of a container; a thousand mounts are 200 KB. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

/**
 * The body of a request, checked. An empty one counts as `{}` where `isOptional`.
 *
 * @throws {EngineError} `REQUEST_INVALID`, `REQUEST_TOO_LARGE`
 */
export async function readJson<T>(
  req: IncomingMessage,
  shape: Shape<T>,
  options: { readonly isOptional?: boolean } = {},
): Promise<T> {
  const value = parseJsonBody(req, await readBody(req));
  if (value === undefined && options.isOptional !== true) {
    throw new EngineError('REQUEST_INVALID', 'invalid JSON: got EOF while reading request body');
  }
  return shape.read(value ?? {}, '');
}

/** @throws {EngineError} `REQUEST_TOO_LARGE` */
export async function readBody(req: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bodyOf(req)) {
    length += chunk.byteLength;
    if (length > MAX_BODY_BYTES) throw bodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * The bytes of a body as JSON. The type must say so: a page in a browser can send other types to a port without asking.
 *
 * @returns `undefined` for an empty body
 * @throws {EngineError} `REQUEST_INVALID`
 */
export function parseJsonBody(req: IncomingMessage, bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return undefined;
  const type = req.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new EngineError(
      'REQUEST_INVALID',
      `unsupported Content-Type header (${type}): must be 'application/json'`,
    );
  }
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new EngineError('REQUEST_INVALID', `invalid JSON: ${error.message}`);
    }
    throw error;
  }
}

export function bodyTooLarge(): EngineError {
  return new EngineError('REQUEST_TOO_LARGE', `the body is larger than ${MAX_BODY_BYTES} bytes`);
}
