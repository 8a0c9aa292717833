import type { PlainError } from '@berth/errors';
import type { CopyTreeOptions } from './copy-tree.ts';
import type { MeasureOptions } from './measure-tree.ts';

/** What the disk worker is asked; `cancel` is an Int32Array of one, set to 1 to stop at the next entry. */
export type DiskCall = { readonly id: number; readonly cancel: SharedArrayBuffer } & (
  | ({ readonly type: 'copy'; readonly source: string; readonly target: string } & CopyTreeOptions)
  | { readonly type: 'link'; readonly source: string; readonly target: string }
  | { readonly type: 'strip'; readonly path: string }
  | { readonly type: 'remove'; readonly path: string }
  | ({ readonly type: 'measure'; readonly path: string } & MeasureOptions)
);

export type DiskMessage = DiskCall | { readonly type: 'end' };

export type DiskAnswer = { readonly id: number } & (
  | { readonly ok: true; readonly result: number | boolean }
  | { readonly ok: false; readonly failure: PlainError }
);
