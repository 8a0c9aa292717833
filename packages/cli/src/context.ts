/**
 * What every command is given. A command module adds its commands to the program by a plain call and touches
 * nothing else of the process: no `process.exit`, no `console`, no `process.env`.
 *
 *     export const tagsCommand: CommandModule = (program, context) => {
 *       program.command('tags <repository>').description('…').action(async (repository: string) => {
 *         const tags = await listTags(repository, { signal: context.signal });
 *         context.printer.result(tags, () => tags.join('\n'));
 *       });
 *     };
 *
 * Throwing ends the command: `BerthError`s become one line, a hint and exit code 1 (2 for `USAGE`). A command
 * that found something wrong without failing sets `context.exitCode`.
 */
import type { Command } from 'commander';
import type { Language } from './output/language.ts';
import type { Printer } from './output/printer.ts';
import type { EffectiveSettings } from './settings/settings.ts';

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The program itself, for starting it again. */
  readonly entry: string;
  /** The folder that relative paths are meant from. */
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  /** For what containers write, archives and the verbs of the engine; other answers go through the printer. */
  readonly stdout: NodeJS.WriteStream;
  /** For progress displays. */
  readonly stderr: NodeJS.WriteStream;
  /** Known when an action runs, not while modules are composed. */
  readonly printer: Printer;
  readonly language: Language;
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** Until it is given back, every signal goes to the listener and none ends the command: a container gets them. */
  takeSignals(listener: (name: NodeJS.Signals) => void): Disposable;
  /** The effective settings: flags of the command, then environment, then file, then defaults. */
  settings(command?: FlagSource): Promise<EffectiveSettings>;
  exitCode: number;
}

/** A command as far as its settings are concerned. */
export interface FlagSource {
  optsWithGlobals<T extends object>(): T;
}

export type CommandModule = (program: Command, context: CliContext) => void;
