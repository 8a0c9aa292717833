import type { Digest } from '@berth/oci';
import type { ImageSource, ManifestBytes } from '@berth/transfer';

/** The same source, which is asked for each manifest once: registries count what is fetched. */
export function rememberManifests(source: ImageSource): ImageSource {
  const known = new Map<Digest, Promise<ManifestBytes>>();
  return {
    ...source,
    manifest(descriptor, options) {
      const asked = known.get(descriptor.digest);
      if (asked !== undefined) return asked;
      const asking = source.manifest(descriptor, options);
      known.set(descriptor.digest, asking);
      return asking;
    },
  };
}
