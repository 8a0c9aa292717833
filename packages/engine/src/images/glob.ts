/**
 * Go's `path.Match`: `*` and `?` do not cross a slash, `[a-z]` and `[^a]` are classes, `\` takes the next character as
 * it is. A pattern that cannot be read matches nothing.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const expression = toExpression(pattern);
  return expression?.test(text) ?? false;
}

function toExpression(pattern: string): RegExp | undefined {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const letter = pattern[at] as string;
    if (letter === '*') source += '[^/]*';
    else if (letter === '?') source += '[^/]';
    else if (letter === '[') {
      const end = endOfClass(pattern, at);
      if (end === undefined) return undefined;
      const body = pattern.slice(at + 1, end);
      source += body.startsWith('^') ? `[^${classBody(body.slice(1))}]` : `[${classBody(body)}]`;
      at = end;
    } else if (letter === '\\') {
      at += 1;
      const next = pattern[at];
      if (next === undefined) return undefined;
      source += escaped(next);
    } else source += escaped(letter);
  }
  try {
    return new RegExp(`^${source}$`, 'u');
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function endOfClass(pattern: string, start: number): number | undefined {
  for (let at = start + 1; at < pattern.length; at += 1) {
    if (pattern[at] === '\\') at += 1;
    else if (pattern[at] === ']' && at > start + 1) return at;
  }
  return undefined;
}

function classBody(body: string): string {
  return body.replaceAll(/\\(.)/gu, (_, letter: string) => escaped(letter)).replaceAll(/\[/g, '\\[');
}

function escaped(letter: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(letter) ? `\\${letter}` : letter;
}
