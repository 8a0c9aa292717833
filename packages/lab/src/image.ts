import { type DiffID, Digester, digestBytes, makeTarEntry, type TarInput, writeTar } from '@berth/oci';
import type { LayerInput } from '@berth/storage';

const CHUNK_BYTES = 1024 * 1024;

/** A file of so many bytes that no file system can make smaller; without `bytes` a folder. */
export interface ImageFile {
  readonly path: string;
  readonly bytes?: number;
}

/** A layer of files, made as it is read: the same each time. */
export async function layerOf(files: readonly ImageFile[]): Promise<LayerInput> {
  const digester = new Digester('sha256');
  for await (const chunk of tarOf(files)) digester.update(chunk);
  return { diffID: digester.digest() as DiffID, open: () => tarOf(files) };
}

/** Layers with one small file each: what makes a stack deep. */
export async function smallLayers(count: number, name: string): Promise<readonly LayerInput[]> {
  const layers: LayerInput[] = [];
  for (let at = 0; at < count; at++) layers.push(await layerOf([{ path: `${name}-${at}`, bytes: 100 }]));
  return layers;
}

/** Many small files, a hundred in each folder. */
export function manyFiles(folder: string, count: number): readonly ImageFile[] {
  const files: ImageFile[] = [{ path: `${folder}/` }];
  for (let at = 0; at < count; at++) {
    if (at % 100 === 0) files.push({ path: `${folder}/${Math.floor(at / 100)}/` });
    files.push({ path: manyPath(folder, at), bytes: 2000 });
  }
  return files;
}

export function manyPath(folder: string, at: number): string {
  return `${folder}/${Math.floor(at / 100)}/${at}`;
}

function tarOf(files: readonly ImageFile[]): AsyncGenerator<Uint8Array, void, undefined> {
  return writeTar(inputs(files));
}

function* inputs(files: readonly ImageFile[]): Generator<TarInput, void, undefined> {
  for (const { path, bytes } of files) {
    if (bytes === undefined) yield { entry: makeTarEntry({ type: 'directory', path }) };
    else yield { entry: makeTarEntry({ type: 'file', path, size: bytes }), content: contentOf(path, bytes) };
  }
}

/** Bytes that do not repeat within a chunk: a keyed stream, each chunk begun anew. */
function* contentOf(path: string, bytes: number): Generator<Uint8Array, void, undefined> {
  const seed = Number.parseInt(digestBytes(Buffer.from(path)).slice(7, 15), 16);
  const pattern = noise(Math.min(CHUNK_BYTES, bytes), seed);
  for (let at = 0; at < bytes; at += CHUNK_BYTES) {
    const chunk = Buffer.from(pattern.subarray(0, bytes - at));
    // Each chunk another, so that nothing that shares equal blocks finds any.
    for (let block = 0; block + 8 <= chunk.length; block += 4096)
      chunk.writeDoubleLE(at + block + seed, block);
    yield chunk;
  }
}

function noise(length: number, seed: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  // xorshift32: enough for bytes that no compression makes smaller.
  let state = seed === 0 ? 1 : seed;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return Buffer.from(words.buffer, 0, length);
}
