import type { PlainError } from '@berth/errors';
import type { ApiPathStat } from '../../api/types.ts';

/** How a thread gets to see what the container sees. */
export type Place =
  /** The root filesystem, with the container's mounts put into it for this thread alone. */
  | {
      readonly kind: 'mounts';
      readonly rootfs: string;
      readonly isReadonly: boolean;
      readonly mounts: readonly PlaceMount[];
    }
  /** The mounts of a running process: for what is nowhere else, a tmpfs. `id`: its cgroup must tell of this container. */
  | { readonly kind: 'namespace'; readonly id: string; readonly pid: number };

export interface PlaceMount {
  readonly source: string;
  readonly destination: string;
  readonly isReadonly: boolean;
  readonly isRecursive: boolean;
}

export type FilesJob =
  | { readonly type: 'stat'; readonly path: string }
  | { readonly type: 'read'; readonly path: string }
  /** Everything, without the root itself. */
  | { readonly type: 'export' }
  | {
      readonly type: 'write';
      readonly path: string;
      readonly noOverwriteDirNonDir: boolean;
      /** Whose everything becomes; else as the archive says. */
      readonly owner?: { readonly uid: number; readonly gid: number };
    };

export interface FilesStart {
  readonly place: Place;
  readonly job: FilesJob;
  /** `[0]` becomes 1 when the job is to be left: a thread inside a synchronous loop gets no message. */
  readonly cancel: Int32Array<SharedArrayBuffer>;
}

export type ToThread =
  /** The next bytes of the tar that is written; they belong to the thread from now on. */
  | { readonly type: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'end' }
  /** A chunk was taken: one more may come. */
  | { readonly type: 'credit' }
  /** Wakes a thread that waits; `cancel` is set. */
  | { readonly type: 'cancel' };

export type FromThread =
  | { readonly type: 'stat'; readonly stat: ApiPathStat }
  | { readonly type: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'credit' }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly error: PlainError };

/** Chunks on their way, at most. */
export const WINDOW = 4;
