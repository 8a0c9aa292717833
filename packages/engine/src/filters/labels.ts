/** `key`, or `key=value`; all of them must be there. */
export function matchesLabels(
  labels: Readonly<Record<string, string>> | null | undefined,
  wanted: readonly string[],
): boolean {
  return wanted.every((text) => {
    const at = text.indexOf('=');
    const key = at < 0 ? text : text.slice(0, at);
    const value = Object.hasOwn(labels ?? {}, key) ? labels?.[key] : undefined;
    return value !== undefined && (at < 0 || value === text.slice(at + 1));
  });
}
