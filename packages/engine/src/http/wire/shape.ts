import { EngineError } from '../../errors.ts';

/**
 * What a part of a JSON body must be, as values that read it. A schema library would say the same in the same number of
 * lines, but costs 27 MB of memory and 0.15 s of every start (TypeBox 1.4), more than the rest of this folder together.
 *
 * As Go reads bodies: `null` is the zero value (in a known field: no field), and names of fields may be in another case.
 */
export interface Shape<T> {
  /** @throws {EngineError} `REQUEST_INVALID`, which names the field */
  read(value: unknown, path: string): T;
}

export type ReadBy<S> = S extends Shape<infer T> ? T : never;

export const text: Shape<string> = scalar('a string', '', (value) => typeof value === 'string');
export const flag: Shape<boolean> = scalar('a boolean', false, (value) => typeof value === 'boolean');
/** Of 64 bits on the wire; what a double cannot hold exactly has no meaning in any field. */
export const integer: Shape<number> = scalar('an integer', 0, (value) => Number.isInteger(value));
export const anything: Shape<unknown> = { read: (value) => value };

function scalar<T>(expected: string, zero: T, fits: (value: unknown) => boolean): Shape<T> {
  return {
    read(value, path) {
      if (value === null) return zero;
      if (fits(value)) return value as T;
      throw wrong(path, expected, value);
    },
  };
}

export function listOf<T>(shape: Shape<T>, length?: number): Shape<readonly T[]> {
  const expected = length === undefined ? 'an array' : `an array of ${length}`;
  return {
    read(value, path) {
      if (value === null && length === undefined) return [];
      if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
        throw wrong(path, expected, value);
      }
      return value.map((one, at) => shape.read(one, below(path, String(at))));
    },
  };
}

/** Any names, each with a value of one shape. */
export function mapOf<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return {
    read(value, path) {
      const map: Record<string, T> = {};
      if (value === null) return map;
      for (const [name, one] of Object.entries(needObject(value, path))) {
        define(map, name, shape.read(one, below(path, name)));
      }
      return map;
    },
  };
}

type Fields = Readonly<Record<string, Shape<unknown>>>;

/** Known fields, all of them optional; others pass as they are. */
export function fields<P extends Fields>(
  known: P,
): Shape<{ readonly [K in keyof P]?: ReadBy<P[K]> } & { readonly [other: string]: unknown }> {
  const byLower = new Map(Object.keys(known).map((name) => [name.toLowerCase(), name]));
  return {
    read(value, path) {
      const read: Record<string, unknown> = {};
      for (const [given, one] of Object.entries(needObject(value, path))) {
        const name = Object.hasOwn(known, given) ? given : (byLower.get(given.toLowerCase()) ?? given);
        const shape = Object.hasOwn(known, name) ? known[name] : undefined;
        if (shape === undefined) define(read, name, one);
        else if (one !== null) define(read, name, shape.read(one, below(path, name)));
      }
      return read as { readonly [K in keyof P]?: ReadBy<P[K]> };
    },
  };
}

/** One word instead of a list of words, as Docker's clients may send commands. */
export const words: Shape<readonly string[]> = {
  read: (value, path) => (typeof value === 'string' ? [value] : listOf(text).read(value, path)),
};

function needObject(value: unknown, path: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw wrong(path, 'an object', value);
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** `__proto__` is a name like any other here. */
function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

const SHOWN_LENGTH = 60;

function wrong(path: string, expected: string, value: unknown): EngineError {
  const got = JSON.stringify(value) ?? 'nothing';
  const shown = got.length > SHOWN_LENGTH ? `${got.slice(0, SHOWN_LENGTH)}…` : got;
  const where = path === '' ? 'the body' : `field "${path}"`;
  return new EngineError('REQUEST_INVALID', `invalid JSON: ${where} must be ${expected}, got ${shown}`);
}
