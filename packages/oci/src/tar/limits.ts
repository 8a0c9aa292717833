/** What one entry may ask of the reader's memory, and of the disk of whoever unpacks it. */
export interface TarLimits {
  /** One PAX header, one GNU long name, and all global records together. Bytes; 1 MiB unless told. */
  readonly maxHeaderBytes?: number;
  /** Bytes of `path` and of `linkPath`; 4096 unless told, which is Linux's PATH_MAX. */
  readonly maxPathBytes?: number;
  /** Runs of one sparse file; 65,536 unless told. */
  readonly maxSparseFragments?: number;
  /** Bytes of one file, holes included; 2^53−1 unless told. */
  readonly maxFileBytes?: number;
}

export function resolveLimits(limits: TarLimits = {}): Required<TarLimits> {
  return {
    maxHeaderBytes: 1024 * 1024,
    maxPathBytes: 4096,
    maxSparseFragments: 65_536,
    maxFileBytes: Number.MAX_SAFE_INTEGER,
    ...limits,
  };
}
