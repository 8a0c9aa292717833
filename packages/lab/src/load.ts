export type Load =
  /** Changes blocks of 4 KiB in a file, far from each other, and makes them durable. */
  | {
      readonly type: 'write';
      readonly path: string;
      readonly bytes: number;
      readonly blocks: number;
      readonly seed: number;
    }
  /** Opens each of the files, reads it and closes it. */
  | { readonly type: 'read'; readonly paths: readonly string[] };
