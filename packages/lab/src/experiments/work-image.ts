import type { ChainID } from '@berth/oci';
import type { LabBench } from '../bench.ts';
import { layerOf, manyFiles, manyPath } from '../image.ts';
import type { LabScale } from '../interface.ts';

/** One large file, and many small ones in `files/`. */
export const WORK_FILE = 'large';
const FOLDER = 'files';

/** The image that most experiments run on: two layers. */
export async function openWorkImage(
  bench: LabBench,
): Promise<AsyncDisposable & { readonly top: ChainID; readonly ms: number }> {
  const { writtenFileBytes, openedFiles } = bench.scale;
  return await bench.image('work', [
    await layerOf(manyFiles(FOLDER, openedFiles)),
    await layerOf([{ path: WORK_FILE, bytes: writtenFileBytes }, { path: 'folder/' }, ...inFolder()]),
  ]);
}

function inFolder(): readonly { readonly path: string; readonly bytes: number }[] {
  return Array.from({ length: 10 }, (_, at) => ({ path: `folder/${at}`, bytes: 100 }));
}

/** The small files of a container on it. */
export function smallFilesIn(root: string, { openedFiles }: LabScale): readonly string[] {
  return Array.from({ length: openedFiles }, (_, at) => `${root}/${manyPath(FOLDER, at)}`);
}
