import type { PlainError } from '@berth/errors';
import type { Change } from '../../layers/interface.ts';
import type { SettleNotes, TreeDifference, TreeFolder, Unpacked } from '../interface.ts';

/** What a tree worker can do, and what each gives. `unpack` reads a stream; `diff` and `rebuild` give one. */
export interface TreeJobs {
  readonly unpack: {
    readonly call: {
      readonly folder: TreeFolder;
      readonly tarSplitPath: string;
      readonly maxTarBytes: number;
      readonly maxEntries: number;
    };
    readonly result: Unpacked;
  };
  readonly settle: {
    readonly call: {
      readonly folder: TreeFolder;
      readonly notes: SettleNotes;
      readonly parents: readonly TreeFolder[];
      readonly tarSplitPath: string;
    };
    readonly result: undefined;
  };
  readonly changes: {
    readonly call: { readonly difference: TreeDifference };
    readonly result: readonly Change[];
  };
  readonly diff: { readonly call: { readonly difference: TreeDifference }; readonly result: undefined };
  readonly rebuild: {
    readonly call: { readonly folder: TreeFolder; readonly tarSplitPath: string };
    readonly result: undefined;
  };
  readonly size: { readonly call: { readonly folder: TreeFolder }; readonly result: number };
  readonly 'difference-size': {
    readonly call: { readonly difference: TreeDifference };
    readonly result: number;
  };
}

export type TreeJobType = keyof TreeJobs;
export type TreeJob = {
  [Type in TreeJobType]: { readonly type: Type } & TreeJobs[Type]['call'];
}[TreeJobType];
export type TreeJobOf<Type extends TreeJobType> = Extract<TreeJob, { readonly type: Type }>;

/** One job at a time: what belongs to a job comes between its `run` and its answer. */
export type ToWorker =
  /** `cancel[0]` becomes 1 when the job is to be left: a worker inside a synchronous loop gets no message. */
  | {
      readonly type: 'run';
      readonly job: TreeJob;
      readonly cancel: Int32Array<SharedArrayBuffer>;
      /** Where the source's bytes are put, each slot in turn. Memory of its own for every chunk would be garbage soon. */
      readonly slots: readonly Uint8Array<SharedArrayBuffer>[];
    }
  /** The next bytes of the job's source are in a slot, which is the worker's until it is freed. */
  | { readonly type: 'chunk'; readonly slot: number; readonly length: number }
  | { readonly type: 'end' }
  /** Wakes a worker that waits for bytes or credit; `cancel` is set. */
  | { readonly type: 'cancel' }
  /** So many bytes of the job's stream were taken. */
  | { readonly type: 'credit'; readonly bytes: number }
  /** No more jobs: the worker ends by itself. */
  | { readonly type: 'close' };

export type FromWorker =
  /** Its code is loaded. */
  | { readonly type: 'ready' }
  | { readonly type: 'free'; readonly slot: number }
  /** The next bytes of the job's stream. */
  | { readonly type: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'done'; readonly result: unknown }
  | { readonly type: 'failed'; readonly error: PlainError };

/** Bytes on their way from a worker, at most. */
export const STREAM_WINDOW_BYTES = 1024 * 1024;
export const SLOT_COUNT = 4;
/** More than a stream's high-water mark: see `JobInput`. */
export const SLOT_BYTES = 256 * 1024;
