import { bytesToPath, pathToBytes } from '@berth/oci/name-bytes';

/** The bytes of a path and a NUL. The caller has refused a NUL inside (`pathArgument`). */
export function cPath(path: string): Buffer {
  return path.isWellFormed()
    ? Buffer.from(`${path}\0`, 'utf8')
    : Buffer.concat([pathToBytes(path), Buffer.alloc(1)]);
}

/** A path in the form in which Node's own `fs` reads its exact bytes. */
export function nativePath(path: string): string | Buffer {
  return path.isWellFormed() ? path : pathToBytes(path);
}

/** Names that a call wrote one after another, each with its NUL. */
export function splitNames(bytes: Uint8Array): string[] {
  const names: string[] = [];
  for (let from = 0; from < bytes.length; ) {
    let to = bytes.indexOf(0, from);
    if (to === -1) to = bytes.length;
    if (to > from) names.push(bytesToPath(bytes.subarray(from, to)));
    from = to + 1;
  }
  return names;
}

/** A path made safe for one line of a message. */
export function showPath(path: string): string {
  const cut = path.length > 300 ? `${path.slice(0, 300)}…` : path;
  return cut.replace(/[\u0000-\u001f"\\\u007f-\u009f\u2028\u2029]|[\ud800-\udfff]/gu, (unit) => {
    if (unit === '"' || unit === '\\') return `\\${unit}`;
    const code = unit.charCodeAt(0);
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}
