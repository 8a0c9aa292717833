import { EngineError } from '../../errors.ts';

/** Splits at white space outside of quotes; quotes and escapes stay in the words. @see buildkit: parser/line_parsers.go (parseWords) */
export function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] as string;
    if (letter === '\\' && quote !== "'" && at + 1 < text.length) {
      word += letter + (text[at + 1] as string);
      at += 1;
    } else if (quote !== '') {
      word += letter;
      if (letter === quote) quote = '';
    } else if (/\s/.test(letter)) {
      if (word !== '') words.push(word);
      word = '';
    } else {
      word += letter;
      if (letter === '"' || letter === "'") quote = letter;
    }
  }
  if (word !== '') words.push(word);
  return words;
}

/** A JSON list of strings, as the exec form has it; anything else is `undefined`, which makes it the shell form. */
export function readJsonForm(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * `a=b c="d e"`, or the old form of one name and the rest of the line.
 *
 * @throws {EngineError} `CONFIG_REFUSED` in the words of Docker's builder
 */
export function namesAndValues(
  instruction: string,
  text: string,
): readonly (readonly [name: string, value: string])[] {
  const words = splitWords(text);
  const [first] = words;
  if (first === undefined) throw refused(`${instruction} requires at least one argument`);
  if (!first.includes('=')) {
    const match = /^(\S+)\s+(.*)$/s.exec(text);
    if (match === null) throw refused(`${instruction} must have two arguments`);
    return [[match[1] as string, match[2] as string]];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === -1) {
      throw refused(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    }
    if (equals === 0) throw refused(`${instruction} names can not be blank`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

export function refused(message: string): EngineError {
  return new EngineError('CONFIG_REFUSED', message);
}
