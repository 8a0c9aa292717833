import { type Digest, isDigest } from './digest.ts';
import { OciError, type OciErrorCode } from './errors.ts';

interface Place {
  readonly code: OciErrorCode;
  /** For messages: `manifest`. */
  readonly what: string;
  /** Path inside: `layers[2]`, empty at the top. */
  readonly path: string;
}

/** Longest list that is read; real images have at most some hundred layers, artifacts some thousand. */
const MAX_LIST_LENGTH = 20_000;

/**
 * One object of untrusted JSON, read field by field into domain types; every complaint names the field.
 * `null` means "not there", as Go's encoder writes empty lists and maps.
 */
export class JsonObject {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #place: Place;

  /** @throws {OciError} when the value is not an object */
  constructor(value: unknown, place: Place) {
    this.#place = place;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.#refusal(place.path, `expected an object, got ${kindOf(value)}`);
    }
    this.#fields = new Map(Object.entries(value));
  }

  keys(): Iterable<string> {
    return this.#fields.keys();
  }

  /** True also when the value is `null`. */
  names(key: string): boolean {
    return this.#fields.has(key);
  }

  has(key: string): boolean {
    return (this.#fields.get(key) ?? null) !== null;
  }

  /** The value as it is. */
  raw(key: string): unknown {
    return this.#fields.get(key) ?? undefined;
  }

  string(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'string') return value;
    throw this.fail(key, `expected a string, got ${kindOf(value)}`);
  }

  requiredString(key: string): string {
    return this.string(key) ?? this.#missing(key, 'a string');
  }

  boolean(key: string): boolean | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.fail(key, `expected true or false, got ${kindOf(value)}`);
  }

  /** A whole number from 0 to 2^53 - 1. */
  count(key: string): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.fail(key, `expected a whole number from 0 to 2^53 - 1, got ${kindOf(value)}`);
  }

  requiredCount(key: string): number {
    return this.count(key) ?? this.#missing(key, 'a whole number');
  }

  requiredDigest(key: string): Digest {
    const text = this.requiredString(key);
    if (isDigest(text)) return text;
    throw this.fail(key, `expected sha256:<64 hex> or sha512:<128 hex>, got "${text.slice(0, 160)}"`);
  }

  object(key: string): JsonObject | undefined {
    const value = this.raw(key);
    return value === undefined ? undefined : new JsonObject(value, { ...this.#place, path: this.#at(key) });
  }

  requiredObject(key: string): JsonObject {
    return this.object(key) ?? this.#missing(key, 'an object');
  }

  list(key: string): readonly unknown[] | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.fail(key, `expected a list, got ${kindOf(value)}`);
    if (value.length > MAX_LIST_LENGTH) {
      throw this.fail(key, `it has ${value.length} entries, at most ${MAX_LIST_LENGTH} are allowed`);
    }
    return value as unknown[];
  }

  objects(key: string): JsonObject[] | undefined {
    return this.list(key)?.map(
      (value, index) => new JsonObject(value, { ...this.#place, path: `${this.#at(key)}[${index}]` }),
    );
  }

  strings(key: string): string[] | undefined {
    return this.list(key)?.map((value, index) => {
      if (typeof value === 'string') return value;
      throw this.fail(`${key}[${index}]`, `expected a string, got ${kindOf(value)}`);
    });
  }

  /** A map of strings; a key like `__proto__` is a key like any other. */
  stringMap(key: string): Readonly<Record<string, string>> | undefined {
    const object = this.object(key);
    if (object === undefined) return undefined;
    return Object.fromEntries([...object.keys()].map((each) => [each, object.string(each) ?? '']));
  }

  /** The error for a field of this object; the caller throws it. */
  fail(key: string, reason: string, hint?: string): OciError {
    return this.#refusal(key === '' ? this.#place.path : this.#at(key), reason, hint);
  }

  #missing(key: string, expected: string): never {
    throw this.fail(key, `expected ${expected}, it is not there`);
  }

  #at(key: string): string {
    return this.#place.path === '' ? key : `${this.#place.path}.${key}`;
  }

  #refusal(path: string, reason: string, hint?: string): OciError {
    const { code, what } = this.#place;
    const where = path === '' ? '' : ` at "${path}"`;
    return new OciError(code, `Cannot read ${what}${where}: ${reason}`, {
      ...(hint === undefined ? {} : { hint }),
      detail: { path },
    });
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
