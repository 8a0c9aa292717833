import { RegistryError } from '../errors.ts';
import type { Exchange } from './exchange.ts';

export interface PageRequest {
  /** 0 to the page size of this registry. */
  readonly limit: number;
  readonly after: string;
}

/** @throws {RegistryError} `PAGINATION_NUMBER_INVALID` */
export function readPage(exchange: Exchange, pageSize: number): PageRequest {
  const n = exchange.query.get('n');
  const after = exchange.query.get('last') ?? '';
  if (n === null) return { limit: pageSize, after };
  if (!/^\d{1,15}$/.test(n)) {
    throw new RegistryError(
      'PAGINATION_NUMBER_INVALID',
      `Cannot list: the page size "${n.slice(0, 40)}" is not a whole number`,
      {
        hint: `Use n=0 to n=${pageSize}`,
        detail: { n: n.slice(0, 40) },
      },
    );
  }
  return { limit: Math.min(Number(n), pageSize), after };
}

/** Takes one name more than asked for, to know whether there is a next page. */
export async function listPage(
  page: PageRequest,
  list: (page: { after: string; limit: number }) => Promise<readonly string[]>,
): Promise<{ readonly names: readonly string[]; readonly next: string | undefined }> {
  if (page.limit === 0) return { names: [], next: undefined };
  const found = await list({ after: page.after, limit: page.limit + 1 });
  const names = found.slice(0, page.limit);
  return { names, next: found.length > page.limit ? names.at(-1) : undefined };
}

/** The `Link` to the next page; relative, so it is right under every name this registry is reached by. */
export function nextLink(path: string, query: Readonly<Record<string, string>>): { readonly link: string } {
  return { link: `<${path}?${new URLSearchParams(query)}>; rel="next"` };
}
