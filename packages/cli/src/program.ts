import { Command, CommanderError, Option } from 'commander';
import type { CliContext, CommandModule } from './context.ts';
import { VERSION } from './version.ts';

export interface ProgramOptions {
  readonly commands: readonly CommandModule[];
  /** For help and version. */
  readonly writeOut: (text: string) => void;
}

/** The command tree, composed by plain calls. */
export function createProgram(context: CliContext, { commands, writeOut }: ProgramOptions): Command {
  const program = new Command('berth')
    .description('Your own Docker Hub from one command')
    .version(VERSION, '-v, --version')
    .addOption(
      new Option('--format <format>', 'How answers are printed').choices(['text', 'json']).default('text'),
    )
    .option('--config <file>', 'Settings file [BERTH_CONFIG]')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeOut, outputError: () => undefined });
  for (const addTo of commands) addTo(program, context);
  inherit(program);
  return program;
}

/** Commander copies these to subcommands made by `.command()` only when they are set before; a module may nest. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inherit(child);
  }
}

/** Help and version are no errors; everything else that commander throws is a mistake in the command line. */
export function usageOf(error: unknown): 'shown' | 'wrong' | undefined {
  if (!(error instanceof CommanderError)) return undefined;
  return error.exitCode === 0 || error.code === 'commander.help' ? 'shown' : 'wrong';
}
