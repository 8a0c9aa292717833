/** What a suite in the guest tells, a line each. */
export type SuiteLine =
  | { readonly note: string }
  | {
      /** From the outermost suite to the test itself. */
      readonly test: readonly string[];
      /** The reason. */
      readonly skipped?: string;
      /** What went wrong. */
      readonly failed?: string;
    };
