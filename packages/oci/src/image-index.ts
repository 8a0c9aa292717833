import type { Descriptor } from './descriptor.ts';

/**
 * Manifests that belong together, usually one per platform; its entries may be indexes again.
 * Both OCI's index and Docker's manifest list have this shape.
 * @see image-spec v1.1 image-index.md
 */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}
