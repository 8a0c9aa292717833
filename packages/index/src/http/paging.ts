/** Links to the pages before and after, as Docker Hub gives them: whole addresses with the other values kept. */
export function pageLinks(
  url: URL,
  page: { readonly page: number; readonly pageSize: number; readonly count: number },
): { readonly next: string | null; readonly previous: string | null } {
  const last = Math.max(1, Math.ceil(page.count / page.pageSize));
  return {
    next: page.page < last ? withPage(url, page.page + 1) : null,
    previous: page.page > 1 ? withPage(url, Math.min(page.page - 1, last)) : null,
  };
}

export function withPage(url: URL, page: number, more: Readonly<Record<string, string>> = {}): string {
  const other = new URL(url);
  other.searchParams.set('page', String(page));
  for (const [name, value] of Object.entries(more)) other.searchParams.set(name, value);
  return other.href;
}
