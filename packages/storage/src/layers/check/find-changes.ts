import { readTar, type TarEntry } from '@berth/oci';
import type { TreeDifference } from '../../tree/interface.ts';
import type { ImageLayers } from '../image-layers.ts';
import type { CallOptions } from '../interface.ts';
import type { StoreParts } from '../parts.ts';
import type { LayerRow } from '../rows.ts';
import { compareEntries, LayerEntries } from './layer-entries.ts';
import { resolveBelow } from './resolve-below.ts';

/**
 * Reads a layer whole, which proves every byte of its files, and holds what its tar says against what lies in its folder: what
 * is there, who owns it, its mode and its time. Whiteouts are not compared: a driver may keep them in its own way.
 *
 * @returns a sentence for each thing that is not as it was applied
 * @throws {StorageError} `LAYER_DAMAGED`
 */
export async function findChanges(
  options: { readonly parts: StoreParts; readonly images: ImageLayers; readonly row: LayerRow },
  call: CallOptions,
): Promise<readonly string[]> {
  const { parts, images, row } = options;
  const expected = new LayerEntries();
  for await (const { entry } of readTar(images.readTar(row.chainID, call))) expected.add(entry);

  await using opened = new AsyncDisposableStack();
  const { difference, folders } = await openDifference(parts, { row, opened });
  const found = new LayerEntries();
  for await (const { entry } of readTar(parts.tree.writeDiff(difference, call))) found.add(entry);
  return compare({ expected, found, folders, isWhole: 'changes' in difference });
}

/** The folder alone where it holds just the layer, else what it has over its parent. */
async function openDifference(
  parts: StoreParts,
  { row, opened }: { readonly row: LayerRow; readonly opened: AsyncDisposableStack },
): Promise<{ readonly difference: TreeDifference; readonly folders: readonly string[] }> {
  const { driver, keyPins, rows } = parts;
  const stack = await rows.stack(row.parent);
  for (const { key } of [row, ...stack]) opened.use(keyPins.pin(key));
  const folder = opened.use(await driver.open(row.key));
  if (folder.form === 'tree') {
    const parent = stack[0] === undefined ? undefined : opened.use(await driver.open(stack[0].key));
    const below = parent === undefined ? [] : [parent.path];
    return { difference: { upper: folder.path, lower: parent?.path }, folders: [folder.path, ...below] };
  }
  const folders = [folder.path];
  for (const { key } of stack) folders.push(opened.use(await driver.open(key)).path);
  return { difference: { changes: folder, parents: [] }, folders };
}

interface Comparison {
  readonly expected: LayerEntries;
  readonly found: LayerEntries;
  /** The layer's own, then those of the layers below, nearest first. */
  readonly folders: readonly string[];
  /** `found` is all that the layer has, not only what it has beyond its parent. */
  readonly isWhole: boolean;
}

function compare({ expected, found, folders, isWhole }: Comparison): readonly string[] {
  const sentences: string[] = [];
  const known = new Set<string>();
  const place = (path: string) => {
    const at = placeOf(path, { found, folders });
    known.add(at);
    for (let slash = at.lastIndexOf('/'); slash > 0; slash = at.lastIndexOf('/', slash - 1)) {
      known.add(at.slice(0, slash));
    }
    return at;
  };
  for (const path of [...expected.whiteouts, ...expected.linkTargets]) place(path);
  for (const [path, entry] of expected.byPath) {
    const at = place(path);
    const actual = found.byPath.get(at);
    if (actual !== undefined) sentences.push(...compareEntries(at, { expected: entry, actual }));
    // A root like any other has no entry.
    else if (isWhole && at !== '.') sentences.push(`"${at}" is not there`);
  }
  for (const [path, entry] of found.byPath) {
    if (!known.has(path) && !isRoot(entry))
      sentences.push(`"${path}" is there, and the layer has no such thing`);
  }
  return sentences;
}

/** Symlinks on the way may be of this layer or of one below; those of this one may have been replaced since. */
function placeOf(path: string, { found, folders }: Pick<Comparison, 'found' | 'folders'>): string {
  if (found.byPath.has(path)) return path;
  const at = resolveBelow(path, folders);
  return found.byPath.has(at) ? at : resolveBelow(path, folders.slice(1));
}

function isRoot(entry: TarEntry): boolean {
  return entry.path === './' || entry.path === '.';
}
