import type { IncomingMessage } from 'node:http';
import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { EngineError } from '../../errors.ts';
import { normalize } from './normalize.ts';

/** More than any configuration of a container; a thousand mounts are 200 KB. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** A schema, compiled when it is used for the first time: compiling all of them would cost the start. */
export class BodySchema<T extends TSchema> {
  readonly schema: T;
  #check: Validator | undefined;

  constructor(schema: T) {
    this.schema = schema;
  }

  /**
   * Fields that nobody knows pass; a field of the wrong type is refused by its name. `null` counts as absent, and names
   * may differ in case, as Go reads them.
   *
   * @throws {EngineError} `REQUEST_INVALID`
   */
  read(value: unknown): Static<T> {
    const normal = normalize(this.schema, value);
    this.#check ??= Compile(this.schema) as unknown as Validator;
    if (this.#check.Check(normal)) return normal as Static<T>;
    throw wrongField(this.#check.Errors(normal) as readonly SchemaError[], normal);
  }
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: { readonly requiredProperties?: readonly string[] };
}

function wrongField(errors: readonly SchemaError[], value: unknown): EngineError {
  // A union fails in each of its branches first; the deepest place is what the caller wrote wrong.
  const [error] = errors.toSorted((a, b) => depth(b) - depth(a));
  const path = (error?.instancePath ?? '').split('/').slice(1);
  const missing = error?.params.requiredProperties?.[0];
  if (missing !== undefined) {
    const name = [...path, missing].join('.');
    return new EngineError('REQUEST_INVALID', `invalid JSON: field "${name}" is missing`);
  }
  const got = JSON.stringify(valueAt(value, path)) ?? 'nothing';
  const shown = got.length > 60 ? `${got.slice(0, 60)}…` : got;
  const where = path.length === 0 ? 'the body' : `field "${path.join('.')}"`;
  return new EngineError(
    'REQUEST_INVALID',
    `invalid JSON: ${where} ${error?.message ?? 'is wrong'}, got ${shown}`,
  );
}

function depth(error: SchemaError): number {
  return error.instancePath.split('/').length;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[key] : undefined;
  }
  return found;
}

/**
 * The body as JSON. The type must be JSON: a page in a browser can send other types to a port without asking.
 *
 * @returns `undefined` for an empty body
 * @throws {EngineError} `REQUEST_INVALID`, `REQUEST_TOO_LARGE`
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
    if (error instanceof SyntaxError)
      throw new EngineError('REQUEST_INVALID', `invalid JSON: ${error.message}`);
    throw error;
  }
}

/** @throws {EngineError} `REQUEST_TOO_LARGE` */
export async function readBody(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    length += chunk.byteLength;
    if (length > MAX_BODY_BYTES) throw bodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function bodyTooLarge(): EngineError {
  return new EngineError('REQUEST_TOO_LARGE', `the body is larger than ${MAX_BODY_BYTES} bytes`);
}

export { MAX_BODY_BYTES };

/** The body of a request, checked. An empty one counts as `{}` where `isOptional`. */
export async function readJson<T extends TSchema>(
  req: IncomingMessage,
  body: BodySchema<T>,
  options: { readonly isOptional?: boolean } = {},
): Promise<Static<T>> {
  const value = parseJsonBody(req, await readBody(req));
  if (value === undefined && options.isOptional !== true) {
    throw new EngineError('REQUEST_INVALID', 'invalid JSON: got EOF while reading request body');
  }
  return body.read(value ?? {});
}
