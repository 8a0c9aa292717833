import { statSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type DiffID, digestBytes } from '@berth/oci';
import type { LayerInput } from '@berth/storage';
import { layeredFixture } from '../../lab/layered-images.ts';
import type { Lab } from '../../lab/peers.ts';
import { smallImageBytes } from '../../lab/small-image.ts';

/** A layer as a registry has it: a file of gzip, and what it is over. */
export interface PackedLayer {
  readonly path: string;
  readonly diffID: DiffID;
}

/** Those of an OCI layout's only image, lowest first. */
export async function packedFixture(lab: Lab): Promise<readonly PackedLayer[]> {
  const layout = await layeredFixture(lab);
  const blob = (digest: string) => join(layout, 'blobs', digest.replace(':', '/'));
  const read = async (path: string) => JSON.parse(await readFile(path, 'utf8'));
  const index = await read(join(layout, 'index.json'));
  const manifest = await read(blob(index.manifests[0].digest));
  const config = await read(blob(manifest.config.digest));
  return manifest.layers.map(({ digest }: { digest: string }, at: number) => ({
    path: blob(digest),
    diffID: config.rootfs.diff_ids[at],
  }));
}

/** One layer of 10 MB, written to `path`. */
export async function packedSmall(lab: Lab, path: string): Promise<readonly PackedLayer[]> {
  const tar = await smallImageBytes(lab);
  await writeFile(path, gzipSync(tar));
  return [{ path, diffID: digestBytes(tar) as DiffID }];
}

export function inputOf({ path, diffID }: PackedLayer): LayerInput {
  return { diffID, sizeBytes: statSync(path).size, open: () => bytesOf(path) };
}

/** In the same memory again and again, as the engine reads what it pulls and loads. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  const memory = Buffer.allocUnsafeSlow(256 * 1024);
  for (;;) {
    const { bytesRead } = await file.read(memory, 0, memory.length, null);
    if (bytesRead === 0) return;
    yield memory.subarray(0, bytesRead);
  }
}
