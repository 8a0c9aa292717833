import { type Flag, FlagError, type ParsedFlags, type ParsedLine } from './interface.ts';
import { problemOf, toBool } from './values.ts';

export interface ParseOptions {
  /** Flags may stand behind arguments too; not where the arguments are a command line of their own. */
  readonly isInterspersed: boolean;
}

/**
 * Reads a command line as Go's pflag does: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, `-abn value`,
 * `--bool`, `--bool=false`; `--` ends the flags.
 *
 * @throws {FlagError}
 */
export function parseFlags(
  words: readonly string[],
  flags: readonly Flag[],
  { isInterspersed }: ParseOptions,
): ParsedLine {
  const given = new Map<string, string[]>();
  const args: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      args.push(...rest);
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      args.push(word);
      if (isInterspersed) continue;
      args.push(...rest);
      break;
    }
    if (word.startsWith('--')) readLong(word, { flags, rest, given });
    else readShorts(word, { flags, rest, given });
  }
  return { flags: new GivenFlags(flags, given), args };
}

interface Reading {
  readonly flags: readonly Flag[];
  readonly rest: string[];
  readonly given: Map<string, string[]>;
}

function readLong(word: string, reading: Reading): void {
  const [name = '', ...values] = word.slice(2).split('=');
  const flag = reading.flags.find((one) => one.name === name);
  if (flag === undefined) throw new FlagError(`unknown flag: --${name}`);
  const given = values.length > 0 ? values.join('=') : flag.kind === 'bool' ? 'true' : reading.rest.shift();
  if (given === undefined) throw new FlagError(`flag needs an argument: --${name}`);
  take(flag, given, reading);
}

function readShorts(word: string, reading: Reading): void {
  let letters = word.slice(1);
  while (letters !== '') {
    const letter = letters.charAt(0);
    letters = letters.slice(1);
    const flag = reading.flags.find(({ short }) => short === letter);
    if (flag === undefined) throw new FlagError(`unknown shorthand flag: '${letter}' in ${word}`);
    if (flag.kind === 'bool' && !letters.startsWith('=')) {
      take(flag, 'true', reading);
      continue;
    }
    const value = letters === '' ? reading.rest.shift() : letters.replace(/^=/, '');
    if (value === undefined) throw new FlagError(`flag needs an argument: '${letter}' in ${word}`);
    take(flag, value, reading);
    letters = '';
  }
}

function take(flag: Flag, value: string, { given }: Reading): void {
  const problem = problemOf(flag, value) ?? flag.check?.(value);
  if (problem !== undefined) {
    const shown = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
    throw new FlagError(`invalid argument ${JSON.stringify(value)} for "${shown}" flag: ${problem}`);
  }
  const values = given.get(flag.name) ?? [];
  values.push(value);
  given.set(flag.name, values);
}

class GivenFlags implements ParsedFlags {
  readonly #flags: readonly Flag[];
  readonly #given: ReadonlyMap<string, readonly string[]>;

  constructor(flags: readonly Flag[], given: ReadonlyMap<string, readonly string[]>) {
    this.#flags = flags;
    this.#given = given;
  }

  has(name: string): boolean {
    this.#known(name);
    return this.#given.has(name);
  }

  bool(name: string): boolean {
    const value = this.#last(name);
    return value === undefined ? this.#known(name).isOnByDefault === true : toBool(value) === true;
  }

  text(name: string): string | undefined {
    return this.#last(name);
  }

  list(name: string): readonly string[] {
    this.#known(name);
    return this.#given.get(name) ?? [];
  }

  int(name: string): number | undefined {
    const value = this.#last(name);
    return value === undefined ? undefined : Number(value);
  }

  #last(name: string): string | undefined {
    this.#known(name);
    return this.#given.get(name)?.at(-1);
  }

  #known(name: string): Flag {
    const flag = this.#flags.find((one) => one.name === name);
    if (flag === undefined) throw new Error(`This verb has no flag "${name}"`);
    return flag;
  }
}
