import type { TarEntry, TarItem } from '../entry.ts';
import { type ReadTarOptions, readTar } from '../read-tar.ts';

/** Fields of a block as the bytes that stand there; the rest is what a sane writer would put. */
export interface RawFields {
  readonly name?: string | Buffer;
  readonly type?: string;
  readonly size?: number | string | Buffer;
  readonly mode?: string;
  readonly uid?: string | Buffer;
  readonly mtime?: string | Buffer;
  readonly link?: string;
  readonly magic?: string;
  readonly prefix?: string | Buffer;
  readonly major?: string;
  readonly checksum?: string;
  /** Anything else: offset in the block and bytes. */
  readonly patches?: readonly (readonly [number, string | Buffer])[];
}

/** A header block made by hand: damaged and hostile ones too. */
export function rawHeader(fields: RawFields): Buffer {
  const block = Buffer.alloc(512);
  const put = (at: number, value: string | Buffer) => Buffer.from(value).copy(block, at);
  const { size = 0 } = fields;
  put(0, fields.name ?? 'a');
  put(100, fields.mode ?? '0000644\0');
  put(108, fields.uid ?? '0000000\0');
  put(116, '0000000\0');
  put(124, typeof size === 'number' ? `${size.toString(8).padStart(11, '0')}\0` : size);
  put(136, fields.mtime ?? '00000000000\0');
  put(156, fields.type ?? '0');
  put(157, fields.link ?? '');
  put(257, fields.magic ?? 'ustar\x0000');
  put(329, fields.major ?? '');
  put(345, fields.prefix ?? '');
  for (const [at, value] of fields.patches ?? []) put(at, value);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, fields.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** A header and its content, filled up to whole blocks. */
export function rawEntry(fields: RawFields, content: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    rawHeader({ size: bytes.length, ...fields }),
    bytes,
    Buffer.alloc(-bytes.length & 511),
  ]);
}

/** A PAX header with records given as key and value. */
export function rawPax(records: readonly (readonly [string, string])[], type = 'x'): Buffer {
  const body = records.map(([key, value]) => {
    const rest = Buffer.byteLength(key) + Buffer.byteLength(value) + 3;
    let length = rest;
    while (String(length).length + rest !== length) length = String(length).length + rest;
    return `${length} ${key}=${value}\n`;
  });
  return rawEntry({ name: 'pax', type }, body.join(''));
}

export const END = Buffer.alloc(1024);

/** A stream of the bytes in chunks of the given size. */
export async function* inChunks(
  bytes: Uint8Array,
  size = 65_536,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

export interface ReadEntry {
  readonly entry: TarEntry;
  readonly content: Buffer;
}

/** Reads everything: entries with their stored content. */
export async function readAllEntries(
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  options: ReadTarOptions & {
    readonly chunkSize?: number;
    readonly expand?: (item: TarItem) => AsyncIterable<Uint8Array>;
  } = {},
): Promise<ReadEntry[]> {
  const source = bytes instanceof Uint8Array ? inChunks(bytes, options.chunkSize) : bytes;
  const found: ReadEntry[] = [];
  for await (const item of readTar(source, options)) {
    found.push({ entry: item.entry, content: await collect(options.expand?.(item) ?? item.content) });
  }
  return found;
}
