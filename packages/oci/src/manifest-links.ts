import type { Descriptor } from './descriptor.ts';
import { isNondistributable } from './media-types.ts';
import type { ParsedManifest } from './parse-manifest.ts';

export interface ManifestLinks {
  /** Config and layers that must be stored beside the manifest, each digest once, the config first. */
  readonly blobs: readonly Descriptor[];
  /** Entries of an index, each digest once. */
  readonly manifests: readonly Descriptor[];
  /** May be missing in a registry: a referrer can come before what it refers to. */
  readonly subject?: Descriptor;
}

/** What a manifest names. Non-distributable layers are left out: nobody has to store them. */
export function manifestLinks(parsed: ParsedManifest): ManifestLinks {
  if (parsed.kind === 'index') {
    const { manifests, subject } = parsed.index;
    return { blobs: [], manifests: onceEach(manifests), ...(subject === undefined ? {} : { subject }) };
  }
  const { config, layers, subject } = parsed.manifest;
  const stored = layers.filter((layer) => !isNondistributable(layer.mediaType));
  return {
    blobs: onceEach([config, ...stored]),
    manifests: [],
    ...(subject === undefined ? {} : { subject }),
  };
}

function onceEach(descriptors: readonly Descriptor[]): Descriptor[] {
  const byDigest = new Map<string, Descriptor>();
  for (const descriptor of descriptors) {
    if (!byDigest.has(descriptor.digest)) byDigest.set(descriptor.digest, descriptor);
  }
  return [...byDigest.values()];
}
