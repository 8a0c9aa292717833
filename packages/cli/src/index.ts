export type { CliContext, CommandModule } from './context.ts';
export { CLI_ERRORS, CliError, type CliErrorCode } from './errors.ts';
export { createPrinter, type OutputFormat, type Printer } from './output/printer.ts';
