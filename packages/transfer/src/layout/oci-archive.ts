import { open, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeTarEntry, type TarInput, writeTar } from '@berth/oci';
import { openBeside } from '../files/beside.ts';
import { fileFailure, readRange } from '../files/read-file.ts';
import { openTarFiles } from '../files/tar-files.ts';
import { replaceFile } from '../files/write-file.ts';
import type { CallOptions, ImageSink, ImageSource } from '../interface.ts';
import { layoutSource } from './layout-source.ts';
import { openLayout } from './open-layout.ts';

export interface OpenOciArchiveOptions extends CallOptions {
  readonly path: string;
  readonly reference?: string | undefined;
}

/** A tar of an OCI layout, compressed or not, to read from. */
export async function openOciArchive({
  path,
  reference,
  signal,
}: OpenOciArchiveOptions): Promise<ImageSource> {
  return layoutSource(await openTarFiles(path, { signal }), { location: `oci-archive:${path}`, reference });
}

/** A tar of an OCI layout to write. The file appears whole at `finish`, by rename; one that is there is replaced. */
export async function openOciArchiveSink(options: { readonly path: string }): Promise<ImageSink> {
  const path = resolve(options.path);
  const folder = await openBeside(path).catch((error: unknown) => {
    throw fileFailure(error, `write "${path}"`);
  });
  const layout = openLayout({ path: join(folder.path, 'layout') });
  return {
    ...layout,
    location: `oci-archive:${options.path}`,
    async finish(callOptions = {}) {
      await layout.finish(callOptions);
      const files = filesBelow(join(folder.path, 'layout'), '');
      await replaceFile(path, writeTar(files, callOptions), callOptions).catch((error: unknown) => {
        throw fileFailure(error, `write "${path}"`);
      });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(folder[Symbol.asyncDispose]()),
  };
}

/** In the order of names, so that equal layouts give equal archives. */
async function* filesBelow(root: string, below: string): AsyncGenerator<TarInput> {
  const children = await readdir(join(root, below), { withFileTypes: true });
  for (const child of children.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? child.name : `${below}/${child.name}`;
    if (child.isDirectory()) {
      yield { entry: makeTarEntry({ type: 'directory', path: `${path}/` }) };
      yield* filesBelow(root, path);
    } else if (child.isFile()) {
      await using handle = await open(join(root, path), 'r');
      const { size } = await handle.stat();
      yield {
        entry: makeTarEntry({ type: 'file', path, size }),
        content: readRange(handle, { start: 0, length: size }),
      };
    }
  }
}
