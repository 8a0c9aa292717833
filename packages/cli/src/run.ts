import type { CliContext, FlagSource } from './context.ts';
import { findVerb } from './engine/verbs/find-verb.ts';
import { languageOf } from './output/language.ts';
import { createPrinter, type Printer } from './output/printer.ts';
import type { OwnContext } from './own-context.ts';

export interface RunOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly entry: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
  /** See `CliContext`; without it nobody gets signals. */
  readonly takeSignals?: CliContext['takeSignals'];
}

/**
 * Runs one command line. A verb of the engine is read and run by itself; everything else, help too, is commander's. Either side
 * loads nothing of the other.
 *
 * @returns the exit code: 0, 1 for a failure, 2 for a wrong command line, 130 when interrupted; of verbs docker's
 */
export async function run(args: readonly string[], options: RunOptions): Promise<number> {
  const own = ownContext(args, options);
  const line = await findVerb(args);
  if (line !== undefined) {
    const { runVerb } = await import('./engine/verbs/run-verb.ts');
    return await runVerb(line, own.context);
  }
  const { runCommand } = await import('./run-command.ts');
  return await runCommand(args, own);
}

function ownContext(args: readonly string[], options: RunOptions): OwnContext {
  const { stdout, stderr } = options;
  let printer = createPrinter(args.includes('--format=json') ? 'json' : 'text', { stdout, stderr });
  const context: CliContext = {
    takeSignals: () => ({ [Symbol.dispose]: () => {} }),
    ...options,
    language: languageOf(options.env),
    get printer() {
      return printer;
    },
    settings: (command) => loadSettings(command, options),
    exitCode: 0,
  };
  const setPrinter = (chosen: Printer): void => {
    printer = chosen;
  };
  return { context, setPrinter };
}

async function loadSettings(command: FlagSource | undefined, { env, cwd, signal }: RunOptions) {
  const { effectiveSettings } = await import('./settings/settings.ts');
  const { findSettingsFile } = await import('./settings/settings-file.ts');
  const flags = command?.optsWithGlobals<Record<string, unknown>>() ?? {};
  const path = typeof flags.config === 'string' ? { path: flags.config } : {};
  const file = await findSettingsFile({ env, cwd, signal, ...path });
  return effectiveSettings({ flags, env, file });
}
