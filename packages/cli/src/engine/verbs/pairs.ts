/** `a=b` words as a map; a word without a value has the empty one. */
export function pairs(words: readonly string[]): Readonly<Record<string, string>> {
  const map: [string, string][] = words.map((word) => {
    const at = word.indexOf('=');
    return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
  });
  return Object.fromEntries(map);
}
