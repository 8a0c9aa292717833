import {
  type Descriptor,
  type Index,
  isDigest,
  LAYOUT_HEADER_FILE,
  LAYOUT_INDEX_FILE,
  layoutBlobPath,
  layoutRefName,
  MANIFEST_MAX_SIZE_BYTES,
  OciError,
  parseLayoutHeader,
  parseLayoutIndex,
  parseManifest,
  readAll,
  verifyStream,
} from '@berth/oci';
import { TransferError } from '../errors.ts';
import type { FileSet } from '../files/file-set.ts';
import type { ImageSource } from '../interface.ts';

export interface LayoutSourceOptions {
  readonly location: string;
  /** What `resolve` takes when it gets none. */
  readonly reference?: string | undefined;
}

/** An OCI image layout to read from, wherever its files are. Closes `files` with itself. */
export function layoutSource(files: FileSet, { location, reference }: LayoutSourceOptions): ImageSource {
  const index = async (): Promise<Index> => {
    parseLayoutHeader(await readSmall(files, LAYOUT_HEADER_FILE, location));
    return parseLayoutIndex(await readSmall(files, LAYOUT_INDEX_FILE, location));
  };
  return {
    location,
    async resolve(wanted = reference) {
      const { manifests } = await index();
      const found = wanted === undefined ? onlyOne(manifests, location) : findEntry(manifests, wanted);
      if (found !== undefined) return found;
      const inside = wanted !== undefined && isDigest(wanted) ? await describeBlob(files, wanted) : undefined;
      if (inside !== undefined) return inside;
      throw new TransferError(
        'MANIFEST_UNKNOWN',
        `Cannot find "${wanted ?? ''}" in "${location}"`,
        namesHint(manifests),
      );
    },
    async manifest(descriptor) {
      const { digest, size } = descriptor;
      const path = layoutBlobPath(digest);
      if ((await files.size(path)) === undefined) {
        throw new TransferError('MANIFEST_UNKNOWN', `Cannot find manifest "${digest}" in "${location}"`);
      }
      const verified = verifyStream(files.read(path), { digest, size });
      const bytes = await readAll(verified, {
        maxSizeBytes: MANIFEST_MAX_SIZE_BYTES,
        what: `manifest "${digest}"`,
      });
      return { descriptor, bytes };
    },
    async *blob({ digest, size }, { offset = 0, signal, verifies = true, reusesMemory } = {}) {
      const path = layoutBlobPath(digest);
      const there = await files.size(path);
      if (there === undefined)
        throw new TransferError('BLOB_UNKNOWN', `Cannot find blob "${digest}" in "${location}"`);
      if (offset === 0 && verifies)
        yield* verifyStream(files.read(path, { signal, reusesMemory }), { digest, size });
      else if (there === size) yield* files.read(path, { offset, signal, reusesMemory });
      else
        throw new OciError(
          'SIZE_MISMATCH',
          `Cannot take blob "${digest}" of "${location}": expected ${size} bytes, got ${there}`,
        );
    },
    async *tags() {
      const { manifests } = await index();
      const names = manifests.flatMap((entry) => layoutRefName(entry) ?? []);
      yield* [...new Set(names)].sort();
    },
    [Symbol.asyncDispose]: async () => {
      await files[Symbol.asyncDispose]();
    },
  };
}

async function readSmall(files: FileSet, path: string, location: string): Promise<Uint8Array> {
  if ((await files.size(path)) === undefined) {
    throw new OciError('LAYOUT_INVALID', `Cannot read "${location}": there is no ${path}`, {
      hint: 'Check the path: an OCI image layout has oci-layout and index.json at its top',
    });
  }
  return readAll(files.read(path), { maxSizeBytes: MANIFEST_MAX_SIZE_BYTES, what: path });
}

function findEntry(manifests: readonly Descriptor[], wanted: string): Descriptor | undefined {
  if (isDigest(wanted)) return manifests.find(({ digest }) => digest === wanted);
  const byName = manifests.find((entry) => layoutRefName(entry) === wanted);
  // Some writers put the whole name there: "docker.io/library/debian:13".
  return byName ?? manifests.find((entry) => layoutRefName(entry)?.endsWith(`:${wanted}`) === true);
}

function onlyOne(manifests: readonly Descriptor[], location: string): Descriptor {
  const [only] = manifests;
  const digests = new Set(manifests.map(({ digest }) => digest));
  if (only !== undefined && digests.size === 1) return only;
  const count = digests.size === 0 ? 'no image' : `${digests.size} images`;
  throw new TransferError(
    digests.size === 0 ? 'MANIFEST_UNKNOWN' : 'REFERENCE_AMBIGUOUS',
    `Cannot choose an image of "${location}": it has ${count}`,
    namesHint(manifests),
  );
}

function namesHint(manifests: readonly Descriptor[]): { readonly hint?: string } {
  const names = manifests.map((entry) => layoutRefName(entry) ?? entry.digest).slice(0, 10);
  return names.length === 0 ? {} : { hint: `Name one of ${names.map((name) => `"${name}"`).join(', ')}` };
}

/** A manifest that only an index names: its media type is found in its bytes. */
async function describeBlob(files: FileSet, digest: Descriptor['digest']): Promise<Descriptor | undefined> {
  const path = layoutBlobPath(digest);
  const size = await files.size(path);
  if (size === undefined || size > MANIFEST_MAX_SIZE_BYTES) return undefined;
  const verified = verifyStream(files.read(path), { digest, size });
  const bytes = await readAll(verified, {
    maxSizeBytes: MANIFEST_MAX_SIZE_BYTES,
    what: `manifest "${digest}"`,
  });
  return { mediaType: parseManifest(bytes).mediaType, digest, size };
}
