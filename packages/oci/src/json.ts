import { OciError, type OciErrorCode } from './errors.ts';

export interface ReadJsonOptions {
  readonly code: OciErrorCode;
  /** What is read, for messages: `manifest`. */
  readonly what: string;
  readonly maxSizeBytes: number;
}

/** Deep enough for anything a client writes; every reader in Go, C++ or JavaScript agrees on it. */
const MAX_DEPTH = 64;

/**
 * Reads untrusted JSON so that no other reader can understand it differently: UTF-8 without byte order mark,
 * no key twice in one object, nesting at most 64 deep.
 *
 * @throws {OciError} the given code
 */
export function readJson(bytes: Uint8Array, options: ReadJsonOptions): unknown {
  const fail = (reason: string, cause?: unknown): OciError =>
    new OciError(
      options.code,
      `Cannot read ${options.what}: ${reason}`,
      cause === undefined ? {} : { cause },
    );
  if (bytes.byteLength > options.maxSizeBytes) {
    throw fail(`it has ${bytes.byteLength} bytes, at most ${options.maxSizeBytes} are allowed`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof TypeError) throw fail('it is not UTF-8', cause);
    throw cause;
  }
  if (text.startsWith('\uFEFF')) throw fail('it begins with a byte order mark');
  const fault = structureFault(text);
  if (fault !== undefined) throw fail(fault);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (cause instanceof SyntaxError) throw fail('it is not JSON', cause);
    throw cause;
  }
}

/** Walks brackets and keys once, before `JSON.parse`, which would take any depth and the last of two keys. */
function structureFault(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') {
      if (open.length === MAX_DEPTH) return `it is nested more than ${MAX_DEPTH} deep`;
      open.push(character === '{' ? new Set() : undefined);
    } else if (character === '}' || character === ']') {
      open.pop();
    } else if (character === '"') {
      const end = stringEnd(text, at);
      const keys = open.at(-1);
      if (keys !== undefined && isFollowedByColon(text, end)) {
        const key = keyOf(text.slice(at, end));
        if (keys.has(key)) return `the key ${JSON.stringify(key.slice(0, 80))} is there twice in one object`;
        keys.add(key);
      }
      at = end - 1;
    }
  }
  return undefined;
}

/** Index after the closing quote, or the end of the text. */
function stringEnd(text: string, start: number): number {
  let quote = start;
  for (;;) {
    quote = text.indexOf('"', quote + 1);
    if (quote === -1) return text.length;
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

function isFollowedByColon(text: string, index: number): boolean {
  let at = index;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return text[at] === ':';
}

/** Two spellings of one key (`a` and `\u0061`) are the same key. Bad escapes are left for `JSON.parse` to refuse. */
function keyOf(literal: string): string {
  const inner = literal.slice(1, -1);
  return inner.replace(
    /\\u([0-9a-fA-F]{4})|\\([bfnrt"\\/])/g,
    (_, hex: string | undefined, letter: string) =>
      hex === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
