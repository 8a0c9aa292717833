import { isAbort, toPlainError } from '@berth/errors';
import type { CommanderError } from 'commander';
import { hubCommands, isOfTheHub } from './hub-commands.ts';
import { createPrinter, type Printer } from './output/printer.ts';
import type { OwnContext } from './own-context.ts';
import { createProgram, usageOf } from './program.ts';

/** Runs a command of commander's tree. @returns the exit code */
export async function runCommand(
  args: readonly string[],
  { context, setPrinter }: OwnContext,
): Promise<number> {
  const { stdout, stderr, signal } = context;
  const commands = isOfTheHub(args) ? hubCommands : await (await import('./commands.ts')).allCommands();
  const program = createProgram(context, { commands, writeOut: (text) => void stdout.write(text) });
  program.hook('preAction', (_program, action) => {
    const { format } = action.optsWithGlobals<{ format: 'text' | 'json' }>();
    setPrinter(createPrinter(format, { stdout, stderr }));
  });
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return failed(error, { printer: context.printer, signal });
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
