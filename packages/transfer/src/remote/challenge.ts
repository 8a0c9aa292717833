/** One way of signing in that a server offers. @see RFC 9110, 11.6.1 (WWW-Authenticate) */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;

/** Reads one or more `WWW-Authenticate` values; what cannot be read is left out. */
export function parseChallenges(values: string | readonly string[] | undefined): readonly Challenge[] {
  if (values === undefined) return [];
  return (typeof values === 'string' ? [values] : values).flatMap(parseValue);
}

function parseValue(text: string): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const skip = (characters: string) => {
    while (at < text.length && characters.includes(text[at] as string)) at += 1;
  };
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? undefined;
    if (match !== undefined) at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    skip(' \t,');
    const word = take(TOKEN)?.[0];
    if (word === undefined) return found;
    skip(' \t');
    // A token followed by "=" is a parameter of the scheme before it; any other token opens a new scheme.
    if (text[at] !== '=') {
      found.push({ scheme: word.toLowerCase(), parameters: new Map() });
      continue;
    }
    at += 1;
    skip(' \t');
    const quoted = take(QUOTED)?.[1];
    const value = quoted === undefined ? take(TOKEN)?.[0] : quoted.replaceAll(/\\(.)/g, '$1');
    if (value === undefined) return found;
    found.at(-1)?.parameters.set(word.toLowerCase(), value);
  }
}
