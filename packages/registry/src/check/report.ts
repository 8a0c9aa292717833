import type { Digest } from '@berth/oci';

export interface CheckOptions {
  /** Read and hash every byte, instead of comparing sizes. */
  readonly deep?: boolean;
  /** Remove what belongs to nothing: orphaned blobs that no lease names, staging without a session. */
  readonly repair?: boolean;
  readonly signal?: AbortSignal;
}

export type CheckFinding =
  | { readonly kind: 'blob.missing'; readonly digest: Digest }
  | {
      readonly kind: 'blob.size';
      readonly digest: Digest;
      readonly expected: number;
      readonly actual: number;
    }
  | { readonly kind: 'blob.damaged'; readonly digest: Digest; readonly actual: Digest }
  | { readonly kind: 'manifest.damaged'; readonly digest: Digest; readonly actual: Digest }
  /** A manifest of this repository names a blob or manifest that is not there. */
  | {
      readonly kind: 'manifest.incomplete';
      readonly repository: string;
      readonly digest: Digest;
      readonly missing: Digest;
    }
  | {
      readonly kind: 'tag.dangling';
      readonly repository: string;
      readonly tag: string;
      readonly digest: Digest;
    }
  /** Bytes without a row. */
  | {
      readonly kind: 'blob.orphan';
      readonly digest: Digest;
      readonly size: number;
      readonly removed: boolean;
    }
  /** Bytes on their way in that belong to no upload session. */
  | {
      readonly kind: 'staging.orphan';
      readonly id: string;
      readonly size: number;
      readonly removed: boolean;
    };

export interface CheckReport {
  readonly findings: readonly CheckFinding[];
  readonly counts: {
    readonly repositories: number;
    readonly tags: number;
    readonly manifests: number;
    readonly blobs: number;
    /** Upload sessions that are open; they are no fault. */
    readonly uploads: number;
    /** Of blobs, by their rows. */
    readonly bytes: number;
    /** That were read and hashed; 0 unless `deep`. */
    readonly bytesRead: number;
  };
}
