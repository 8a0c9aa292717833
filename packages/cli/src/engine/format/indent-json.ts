/**
 * Indents a JSON text without reading it into values: order and numbers stay what the engine wrote, whatever a double
 * can hold. Go's `json.Indent`: empty objects and lists stay on one line.
 *
 * @param text valid JSON
 */
export function indentJson(
  text: string,
  options: { readonly prefix?: string; readonly indent: string },
): string {
  const { prefix = '', indent } = options;
  let depth = 0;
  let result = '';
  const newline = () => `\n${prefix}${indent.repeat(depth)}`;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[[{]\s*[\]}]|[^\s]/gs)) {
    if (/^[[{]\s*[\]}]$/.test(token)) result += token.replaceAll(/\s/g, '');
    else if (token === '{' || token === '[') {
      depth += 1;
      result += token + newline();
    } else if (token === '}' || token === ']') {
      depth -= 1;
      result += newline() + token;
    } else if (token === ',') result += token + newline();
    else if (token === ':') result += ': ';
    else result += token;
  }
  return result;
}
