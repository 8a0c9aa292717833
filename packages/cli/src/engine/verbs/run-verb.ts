import { isAbort, toPlainError } from '@berth/errors';
import type { CliContext } from '../../context.ts';
import { createPrinter, type OutputFormat } from '../../output/printer.ts';
import { isApiError } from '../client/api-error.ts';
import { engineAddress } from '../client/engine-address.ts';
import { EngineClient } from '../client/engine-client.ts';
import { FlagError } from '../flags/interface.ts';
import { parseFlags } from '../flags/parse-flags.ts';
import { COMMON_FLAGS, type Verb, VerbError } from './interface.ts';
import { VerbOutput } from './output.ts';

/** Docker's codes: what cannot be read is 125, whatever is wrong before a container of `run` runs too. */
const USAGE_CODE = 125;

export interface VerbLine {
  /** `ps`, `image ls`. */
  readonly name: string;
  readonly verb: Verb;
  /** What stands behind the name. */
  readonly words: readonly string[];
  /** Flags of the program that stood before it. */
  readonly globals: readonly string[];
}

/** Runs one verb. @returns the exit code */
export async function runVerb(line: VerbLine, context: CliContext): Promise<number> {
  const { name, verb, words, globals } = line;
  try {
    const { flags, args } = parseFlags([...globals, ...words], [...verb.flags, ...COMMON_FLAGS], {
      isInterspersed: verb.isCommandLine !== true,
    });
    const printer = createPrinter(formatOf(flags.text('format')), context);
    const owned: CliContext = { ...context, printer };
    const out = new VerbOutput(owned);
    try {
      checkCount(line, args);
      const address = await engineAddress({
        ...{ env: context.env, cwd: context.cwd, signal: context.signal },
        ...{ socket: flags.text('socket'), config: flags.text('config') },
      });
      const api = new EngineClient(address, { signal: context.signal });
      const call = { api, flags, args, out, name, context: owned, exitCode: 0 };
      await verb.run(call);
      return call.exitCode;
    } catch (error) {
      return failed(error, { line, context: owned, out });
    }
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    context.stderr.write(
      `${error.message}\n\n${usageText(line)}\n\nRun 'berth ${name} --help' for more information\n`,
    );
    return USAGE_CODE;
  }
}

function formatOf(value: string | undefined): OutputFormat {
  if (value === undefined || value === 'text' || value === 'table') return 'text';
  if (value === 'json') return 'json';
  throw new FlagError(
    `cannot use ${JSON.stringify(value)} as format: Go templates are not supported; use "--format json", which has the same fields`,
  );
}

function failed(
  error: unknown,
  { line, context, out }: { readonly line: VerbLine; readonly context: CliContext; readonly out: VerbOutput },
): number {
  if (error instanceof FlagError) throw error;
  if (isAbort(error) && context.signal.aborted) return 130;
  const code = line.verb.isRun === true ? USAGE_CODE : 1;
  if (error instanceof VerbError) {
    if (error.message !== '') out.error(error);
    return error.exitCode;
  }
  if (isApiError(error)) {
    if (line.verb.isRun !== true || out.isJson) out.error(error);
    else out.note(`berth: ${error.words}\n\nRun 'berth ${line.name} --help' for more information`);
    return code;
  }
  const plain = toPlainError(error);
  context.printer.error(plain);
  return plain.code === 'USAGE' ? 2 : code;
}

/** @throws {VerbError} in docker's words */
function checkCount(line: VerbLine, args: readonly string[]): void {
  const [min, max = Number.POSITIVE_INFINITY] = line.verb.args;
  if (args.length >= min && args.length <= max) return;
  const called = `'berth ${line.name}'`;
  const isOpen = max === Number.POSITIVE_INFINITY;
  const count = (number: number) => `${number} ${number === 1 ? 'argument' : 'arguments'}`;
  const wants =
    max === 0
      ? 'accepts no arguments'
      : isOpen
        ? `requires at least ${count(min)}`
        : min === max
          ? `requires ${count(min)}`
          : args.length < min
            ? `requires at least ${count(min)}`
            : `requires at most ${count(max)}`;
  const ending = `${isOpen ? 'See' : 'Run'} 'berth ${line.name} --help' for more information`;
  throw new VerbError(`berth: ${called} ${wants}\n\n${usageText(line)}\n\n${ending}`);
}

function usageText({ name, verb }: VerbLine): string {
  const options = verb.flags.length === 0 ? '' : ' [OPTIONS]';
  const lines = verb.usage
    .split('\n')
    .map((usage) => `berth ${name}${options}${usage === '' ? '' : ` ${usage}`}`);
  return `Usage:  ${lines.join('\n\t')}`;
}
