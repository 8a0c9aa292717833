import { isUtf8 } from 'node:buffer';
import { OciError } from '../errors.ts';

/**
 * Bytes of a name as text, losing nothing: a byte that is not part of valid UTF-8 becomes the lone surrogate
 * U+DC00 + byte (the "surrogateescape" of PEP 383). `pathToBytes(bytesToPath(b))` is always `b`.
 */
export function bytesToPath(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  let text = '';
  for (let at = 0; at < buffer.length; ) {
    const length = sequenceLength(buffer, at);
    text +=
      length === 0
        ? String.fromCharCode(0xdc00 + (buffer[at] ?? 0))
        : buffer.toString('utf8', at, at + length);
    at += Math.max(length, 1);
  }
  return text;
}

/**
 * The exact bytes that a name of a `TarEntry` stands for.
 * @throws {OciError} `TAR_INVALID` for a lone surrogate that stands for no byte
 */
export function pathToBytes(path: string): Buffer {
  if (path.isWellFormed()) return Buffer.from(path, 'utf8');
  const parts: Buffer[] = [];
  let from = 0;
  for (const { 0: unit, index } of path.matchAll(/[\ud800-\udfff]/gu)) {
    const byte = unit.charCodeAt(0) - 0xdc00;
    if (byte < 0x80 || byte > 0xff) {
      const shown = showName(path);
      throw new OciError('TAR_INVALID', `Cannot encode name "${shown}": a lone surrogate stands for no byte`);
    }
    parts.push(Buffer.from(path.slice(from, index), 'utf8'), Buffer.from([byte]));
    from = index + 1;
  }
  parts.push(Buffer.from(path.slice(from), 'utf8'));
  return Buffer.concat(parts);
}

/** A name made safe for one line of a message: control characters and odd bytes as `\xNN`, long names cut. */
export function showName(path: string): string {
  const cut = path.length > 200 ? `${path.slice(0, 200)}…` : path;
  return cut.replace(/[\u0000-\u001f"\\\u007f-\u009f\u2028\u2029]|[\ud800-\udfff]/gu, (unit) => {
    if (unit === '"' || unit === '\\') return `\\${unit}`;
    const code = unit.charCodeAt(0);
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** Length of the well-formed UTF-8 sequence at `at`, or 0. @see Unicode, table 3-7 */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const second = bytes[at + 1] ?? 0;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (let index = at + 2; index < at + length; index++) {
    if (((bytes[index] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}
