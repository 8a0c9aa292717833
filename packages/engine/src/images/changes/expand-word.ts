import { refused } from './words.ts';

export type Variables = ReadonlyMap<string, string>;

/**
 * Takes quotes and escapes away and puts variables in, as in a Dockerfile: `'…'` is literal, `"…"` knows `$` and `\`,
 * `${a:-b}` and `${a:+b}` have their shell meaning.
 *
 * @throws {EngineError} `CONFIG_REFUSED` for a quote or brace that is not closed, or a modifier that is not known
 * @see buildkit: shell/lex.go
 */
export function expandWord(word: string, variables: Variables): string {
  return new Expander(word, variables).run();
}

export function variablesOf(env: readonly string[] = []): Map<string, string> {
  return new Map(
    env.map((line) => {
      const equals = line.indexOf('=');
      return equals === -1 ? [line, ''] : [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
}

class Expander {
  readonly #text: string;
  readonly #variables: Variables;
  #at = 0;

  constructor(text: string, variables: Variables) {
    this.#text = text;
    this.#variables = variables;
  }

  run(): string {
    let result = '';
    while (this.#at < this.#text.length) {
      const letter = this.#take();
      if (letter === "'") result += this.#single();
      else if (letter === '"') result += this.#double();
      else if (letter === '$') result += this.#variable();
      else if (letter === '\\') result += this.#at < this.#text.length ? this.#take() : '\\';
      else result += letter;
    }
    return result;
  }

  #take(): string {
    const letter = this.#text[this.#at] as string;
    this.#at += 1;
    return letter;
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at);
    if (end === -1) throw refused('unexpected end of statement while looking for matching single-quote');
    const inside = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return inside;
  }

  #double(): string {
    let result = '';
    while (this.#at < this.#text.length) {
      const letter = this.#take();
      if (letter === '"') return result;
      if (letter === '$') result += this.#variable();
      else if (letter === '\\') {
        const next = this.#text[this.#at];
        if (next !== undefined && '"$\\'.includes(next)) result += this.#take();
        else result += '\\';
      } else result += letter;
    }
    throw refused('unexpected end of statement while looking for matching double-quote');
  }

  #variable(): string {
    if (this.#text[this.#at] === '{') return this.#braces();
    const name = /^(?:[A-Za-z_]\w*|[0-9@*#?!$-])/.exec(this.#text.slice(this.#at))?.[0];
    if (name === undefined) return '$';
    this.#at += name.length;
    return this.#variables.get(name) ?? '';
  }

  #braces(): string {
    const match = /^\{([A-Za-z_]\w*|\d)(:?[-+?])?/.exec(this.#text.slice(this.#at));
    if (match === null) throw refused(`unsupported variable expression in "${this.#text.slice(0, 100)}"`);
    const [begin, name, modifier] = match;
    this.#at += begin.length;
    const end = this.#closingBrace();
    const rest = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    const value = this.#variables.get(name as string);
    if (modifier === undefined) {
      if (rest !== '') throw refused(`unsupported modifier in "\${${name}${rest.slice(0, 40)}}"`);
      return value ?? '';
    }
    const isSet = modifier.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
    const other = () => expandWord(rest, this.#variables);
    if (modifier.endsWith('-')) return isSet ? (value as string) : other();
    if (modifier.endsWith('+')) return isSet ? other() : '';
    if (isSet) return value as string;
    throw refused(`${name}: ${rest === '' ? 'not set' : other()}`);
  }

  #closingBrace(): number {
    let depth = 1;
    for (let at = this.#at; at < this.#text.length; at += 1) {
      if (this.#text[at] === '{') depth += 1;
      else if (this.#text[at] === '}') depth -= 1;
      if (depth === 0) return at;
    }
    throw refused('unexpected end of statement while looking for "}"');
  }
}
