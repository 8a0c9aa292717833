import { isAbort, toPlainError } from '@berth/errors';
import type { Command, CommanderError } from 'commander';
import type { CliContext } from './context.ts';
import { hubCommands, isOfTheHub } from './hub-commands.ts';
import { languageOf } from './output/language.ts';
import { createPrinter, type Printer } from './output/printer.ts';
import { createProgram, usageOf } from './program.ts';
import { effectiveSettings } from './settings/settings.ts';
import { findSettingsFile } from './settings/settings-file.ts';

export interface RunOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly entry: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/** Runs one command line. @returns the exit code: 0, 1 for a failure, 2 for a wrong command line, 130 when interrupted */
export async function run(args: readonly string[], options: RunOptions): Promise<number> {
  const { stdout, stderr } = options;
  let printer: Printer = createPrinter(args.includes('--format=json') ? 'json' : 'text', { stdout, stderr });
  const context: CliContext = {
    ...options,
    language: languageOf(options.env),
    get printer() {
      return printer;
    },
    settings: (command) => loadSettings(command, options),
    exitCode: 0,
  };
  const commands = isOfTheHub(args) ? hubCommands : (await import('./commands.ts')).commands;
  const program = createProgram(context, { commands, writeOut: (text) => void stdout.write(text) });
  program.hook('preAction', (_program, action) => {
    const { format } = action.optsWithGlobals<{ format: 'text' | 'json' }>();
    printer = createPrinter(format, { stdout, stderr });
  });
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return failed(error, { printer, signal: options.signal });
  }
}

function failed(error: unknown, { printer, signal }: { printer: Printer; signal: AbortSignal }): number {
  const usage = usageOf(error);
  if (usage === 'shown') return 0;
  if (usage === 'wrong') {
    const { message } = error as CommanderError;
    const [first = '', ...rest] = message.replace(/^error: /, '').split('\n');
    const said = first.charAt(0).toUpperCase() + first.slice(1);
    const hint = rest.join(' ').replace(/[()]/g, '').trim() || 'See "berth --help"';
    printer.error({ code: 'USAGE', class: 'invalidArgument', message: said, hint });
    return 2;
  }
  if (isAbort(error) && signal.aborted) return 130;
  const plain = toPlainError(error);
  printer.error(plain);
  return plain.code === 'USAGE' ? 2 : 1;
}

async function loadSettings(command: Command | undefined, { env, cwd, signal }: RunOptions) {
  const flags = command?.optsWithGlobals<Record<string, unknown>>() ?? {};
  const path = typeof flags.config === 'string' ? { path: flags.config } : {};
  const file = await findSettingsFile({ env, cwd, signal, ...path });
  return effectiveSettings({ flags, env, file });
}
