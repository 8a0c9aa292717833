import type { CliContext } from './context.ts';
import type { Printer } from './output/printer.ts';

/** A context whose printer is chosen later, by a flag. */
export interface OwnContext {
  readonly context: CliContext;
  setPrinter(printer: Printer): void;
}
