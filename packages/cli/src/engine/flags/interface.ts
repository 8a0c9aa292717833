/**
 * The flags of a verb as data: the same list parses a command line, makes the help and completes a shell. They are read as
 * docker reads its own (Go's pflag), which differs from commander in what scripts rely on: `--pause=false`, `-e=A`,
 * `-itd`, and everything behind the image belongs to the container.
 */
export interface Flag {
  /** Without dashes. */
  readonly name: string;
  readonly short?: string;
  readonly kind: FlagKind;
  /** The word that stands for the value in help: `list`, `string`. */
  readonly value?: string;
  readonly description: string;
  /** What a flag of kind `bool` is when it is not given. */
  readonly isOnByDefault?: boolean;
  /** Looks at a value when it is read. @returns why it cannot be used */
  readonly check?: (value: string) => string | undefined;
}

export type FlagKind = 'bool' | 'text' | 'list' | 'int' | 'decimal' | 'bytes' | 'duration';

/** What a command line gave. Asking for a flag that the verb does not have is a fault of ours and throws. */
export interface ParsedFlags {
  /** Whether it was given, whatever its value. */
  has(name: string): boolean;
  bool(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  int(name: string): number | undefined;
}

export interface ParsedLine {
  readonly flags: ParsedFlags;
  readonly args: readonly string[];
}

/** A command line that cannot be read; `message` in docker's words. */
export class FlagError extends Error {
  readonly code = 'FLAG';

  constructor(message: string) {
    super(message);
    this.name = 'FlagError';
  }
}
