/**
 * The tar-split file of a layer: what the tar was besides the contents of files, and where those lie, so that the exact
 * bytes can be given back.
 *
 *     magic 8 bytes, then blocks: kind 1 byte, compressed length u32 LE, length u32 LE, a zstd frame
 *
 * A block holds records, whole ones only. Numbers are LEB128 (seven bits a byte, lowest first), texts are a length
 * and the bytes of the name.
 *
 * | block | records |
 * | --- | --- |
 * | `stream` | `0 length bytes`: bytes of the tar as they were; `1 path crc32 count (offset length)…`: stored runs of the file that lies at `path` in the layer's folder |
 * | `saved` | one: `contents path offset bytes`: part of a file that a later entry of the same tar replaced; meant are the last of the first `contents` contents with this path. What no block holds is zeros |
 * | `end` | one: `bytes of the tar`, `contents` |
 * | `moved` | `from to`: this directory lies elsewhere since the layer was settled; after `end` |
 */
export const MAGIC = Buffer.from('berthts1');
export const BLOCK_HEADER_BYTES = 9;
export const BLOCK = { stream: 1, saved: 2, end: 3, moved: 4 } as const;
export type BlockKind = (typeof BLOCK)[keyof typeof BLOCK];
export const RECORD = { raw: 0, content: 1 } as const;

/** A block is closed when it has so many bytes; no record of ours makes one larger than twice that. */
export const BLOCK_BYTES = 1024 * 1024;
export const MAX_BLOCK_BYTES = 16 * BLOCK_BYTES;

/** One run of a file: what is stored in the tar of it. */
export interface Run {
  readonly offset: number;
  readonly length: number;
}
