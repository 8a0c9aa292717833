/** What goes between a store and its hash worker. Only `digest` is answered, and answers come in the order of the calls. */
export type HashCall =
  | { readonly type: 'open'; readonly id: number; readonly path: string }
  /** The file holds so many bytes, and they will not change. */
  | { readonly type: 'follow'; readonly id: number; readonly end: number }
  | { readonly type: 'digest'; readonly id: number; readonly end: number }
  | { readonly type: 'close'; readonly id: number };

export interface HashAnswer {
  /** sha256, hexadecimal; `undefined` where the file could not be read. */
  readonly hex: string | undefined;
}
