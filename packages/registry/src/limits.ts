import { MANIFEST_MAX_SIZE_BYTES } from '@berth/oci';

/** What one client may ask of the registry. Every limit has an answer that names it. */
export interface RegistryLimits {
  /** Body of one manifest. The specification asks for at least 4 MB. */
  readonly manifestMaxSizeBytes: number;
  /** One blob. */
  readonly blobMaxSizeBytes: number;
  /** Tags in one `PUT …/manifests/<digest>?tag=…&tag=…`; the specification asks for at least 10. */
  readonly tagsPerPush: number;
  /** Names on one page of a list. */
  readonly pageSize: number;
  /** A transfer in which no byte moved for so long is ended. */
  readonly idleTimeoutMs: number;
  /** An upload session that nobody used for so long is swept. */
  readonly uploadLifetimeMs: number;
  /** For so long after its end a token still serves the upload session that its subject began. */
  readonly uploadGraceMs: number;
  /** Manifest bytes kept in memory. */
  readonly manifestCacheBytes: number;
}

const HOUR_MS = 3_600_000;
const GIB = 1024 ** 3;

export const DEFAULT_LIMITS: RegistryLimits = {
  manifestMaxSizeBytes: MANIFEST_MAX_SIZE_BYTES,
  blobMaxSizeBytes: 100 * GIB,
  tagsPerPush: 100,
  pageSize: 1000,
  idleTimeoutMs: 60_000,
  uploadLifetimeMs: 7 * 24 * HOUR_MS,
  uploadGraceMs: 24 * HOUR_MS,
  manifestCacheBytes: 32 * 1024 ** 2,
};
