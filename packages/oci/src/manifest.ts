import type { Descriptor } from './descriptor.ts';

/**
 * One image (or artifact): a config and the layers in order, the base first.
 * Both OCI's image manifest and Docker's schema 2 have this shape.
 * @see image-spec v1.1 manifest.md
 */
export interface Manifest {
  readonly schemaVersion: 2;
  /** OCI leaves it optional; Docker's schema 2 always has it. */
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** What this manifest is about: a signature names its image here. */
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}
