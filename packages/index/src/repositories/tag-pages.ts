import type { RegistryQueries, TagInfo } from '@berth/registry';
import { IndexError } from '../errors.ts';

/** How far in a page may lie when it is asked for by its number: the way there is counted out. */
const MAX_COUNTED = 10_000;
const STEP = 1000;

/**
 * A page of tags by number, over a registry that pages by name. With `last` (as `next` links have it) the page
 * costs one read wherever it lies.
 *
 * @throws {IndexError} `PAGE_TOO_FAR`
 */
export async function tagPage(
  queries: RegistryQueries,
  registryId: string,
  page: { readonly page: number; readonly pageSize: number; readonly last?: string | undefined },
): Promise<readonly TagInfo[]> {
  const limit = page.pageSize;
  if (page.last !== undefined) return await queries.tags(registryId, { after: page.last, limit });
  const skipped = (page.page - 1) * page.pageSize;
  if (skipped > MAX_COUNTED) {
    throw new IndexError(
      'PAGE_TOO_FAR',
      `Cannot give page "${page.page}" of the tags: ${skipped} tags lie before it, at most ${MAX_COUNTED} are counted out`,
      { hint: 'follow "next", or give the last name seen as last=', detail: { field: 'page' } },
    );
  }
  let after: string | undefined;
  for (let left = skipped; left > 0; ) {
    const names = await queries.tags(registryId, { ...from(after), limit: Math.min(left, STEP) });
    const end = names.at(-1);
    if (end === undefined) return [];
    after = end.name;
    left -= names.length;
  }
  return await queries.tags(registryId, { ...from(after), limit });
}

function from(after: string | undefined): { readonly after?: string } {
  return after === undefined ? {} : { after };
}
