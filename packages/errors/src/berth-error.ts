import type { ErrorClass, ErrorTable } from './classes.ts';
import { redact } from './redact.ts';

export interface BerthErrorOptions {
  /** What the user can do next: a command, a setting, a page. No full stop. */
  readonly hint?: string;
  /** The values the message speaks of, for machines: `{ expected, actual }`, `{ repository }`. */
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one shape of an error in Berth.
 *
 * A package has one subclass bound to its table of codes. Callers match on `code` (or `class`), never on
 * `instanceof`: after a thread or a socket only the plain shape is left (see `toPlainError`).
 * Message: capital, action first, values in double quotes, both sides given, no full stop. Credentials in URLs
 * are redacted here, so no caller can forget it.
 */
export class BerthError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly class: ErrorClass;
  readonly hint: string | undefined;
  readonly detail: Readonly<Record<string, unknown>> | undefined;

  constructor(table: ErrorTable, code: Code, message: string, options: BerthErrorOptions = {}) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    const entry = table[code];
    if (entry === undefined) throw new Error(`Error code ${code} is in no table`);
    this.name = new.target.name;
    this.code = code;
    this.class = entry.class;
    this.hint = options.hint;
    this.detail = options.detail;
  }
}
