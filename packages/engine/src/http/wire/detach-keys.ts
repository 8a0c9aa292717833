import { EngineError } from '../../errors.ts';

export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

/**
 * `ctrl-p,ctrl-q`, `a`, `ctrl-@`, `del`: the bytes that a terminal sends for them.
 *
 * @throws {EngineError} `REQUEST_INVALID`
 */
export function parseDetachKeys(text: string | undefined): Uint8Array {
  const keys = (text || DEFAULT_DETACH_KEYS).split(',').map(byteOf);
  if (!keys.every((byte) => byte !== undefined)) {
    throw new EngineError('REQUEST_INVALID', `Invalid detach keys (${text}) provided`);
  }
  return Uint8Array.from(keys);
}

function byteOf(key: string): number | undefined {
  if (key.length === 1) {
    const code = key.charCodeAt(0);
    return code < 0x80 ? code : undefined;
  }
  if (key.toLowerCase() === 'del') return 0x7f;
  const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1];
  return control === undefined ? undefined : control.toUpperCase().charCodeAt(0) - 0x40;
}

export interface Scanned {
  /** What the process shall get. */
  readonly pass: Uint8Array;
  /** All keys were pressed, in order; what came behind them is dropped. */
  readonly isDetached: boolean;
}

/**
 * Looks for the keys in what a client types. The beginning of the sequence is held back until it is clear whether
 * the rest follows: the process gets it when another key does.
 */
export class DetachScanner {
  readonly #keys: Uint8Array;
  #held = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  scan(bytes: Uint8Array): Scanned {
    const pass = Buffer.allocUnsafe(bytes.byteLength + this.#held);
    let length = 0;
    for (const byte of bytes) {
      // Sequences are short; after a miss the longest held end that is a beginning again is kept.
      while (byte !== this.#keys[this.#held]) {
        if (this.#held === 0) {
          pass[length++] = byte;
          break;
        }
        const kept = this.#nextShorter();
        for (let at = 0; at < this.#held - kept; at += 1) pass[length++] = this.#keys[at] as number;
        this.#held = kept;
      }
      if (byte !== this.#keys[this.#held]) continue;
      this.#held += 1;
      if (this.#held === this.#keys.byteLength) {
        this.#held = 0;
        return { pass: pass.subarray(0, length), isDetached: true };
      }
    }
    return { pass: pass.subarray(0, length), isDetached: false };
  }

  /** What is held when the input ends. */
  flush(): Uint8Array {
    const rest = this.#keys.subarray(0, this.#held);
    this.#held = 0;
    return rest;
  }

  #nextShorter(): number {
    for (let length = this.#held - 1; length > 0; length -= 1) {
      const end = this.#keys.subarray(this.#held - length, this.#held);
      if (end.every((byte, at) => byte === this.#keys[at])) return length;
    }
    return 0;
  }
}
