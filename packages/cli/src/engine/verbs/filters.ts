/** `--filter name=value`, several times, as the API takes them (the flag has checked the form); nothing when there are none. */
export function filtersQuery(
  given: readonly string[],
  more: Readonly<Record<string, readonly string[]>> = {},
): string | undefined {
  const filters: Record<string, string[]> = {};
  for (const one of given) {
    if (one === '') continue;
    const at = one.indexOf('=');
    const name = one.slice(0, at).trim().toLowerCase();
    filters[name] = [...(filters[name] ?? []), one.slice(at + 1).trim()];
  }
  for (const [name, values] of Object.entries(more)) filters[name] = [...(filters[name] ?? []), ...values];
  return Object.keys(filters).length === 0 ? undefined : JSON.stringify(filters);
}
