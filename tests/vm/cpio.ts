/** A file, folder or link of an archive; paths are relative, parents come first. */
export interface CpioEntry {
  readonly path: string;
  /** With its type, as `st_mode` has it. */
  readonly mode: number;
  readonly bytes?: Uint8Array;
}

export const FOLDER = 0o040755;
export const PROGRAM = 0o100755;
export const FILE = 0o100644;

/**
 * An archive in the format that the kernel unpacks as its first root.
 *
 * @see Documentation/driver-api/early-userspace/buffer-format.rst ("newc": thirteen fields of eight hex digits, the name with a
 * NUL, the bytes, each padded to four)
 */
export function cpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts = entries.flatMap((entry, at) => record(entry, at + 1));
  return Buffer.concat([...parts, ...record({ path: 'TRAILER!!!', mode: 0 }, 0)]);
}

function record({ path, mode, bytes = new Uint8Array() }: CpioEntry, inode: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const links = 1;
  const fields = [
    ...[inode, mode, 0, 0, links, 0, bytes.length],
    // Device numbers, the length of the name, and a checksum that this format does not use.
    ...[0, 0, 0, 0, name.length, 0],
  ];
  const head = Buffer.from(
    `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`,
    'latin1',
  );
  return [padded(Buffer.concat([head, name])), padded(bytes)];
}

function padded(bytes: Uint8Array): Uint8Array {
  const over = bytes.length % 4;
  return over === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(4 - over)]);
}
