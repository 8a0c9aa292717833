import { TransferError } from '../errors.ts';
import type { CallOptions } from '../interface.ts';
import { addressFrom } from './address.ts';
import { readJson, responseFailure } from './failures.ts';
import { nameOf, type RemoteRepository, tagsPath } from './repository.ts';

const PAGE_SIZE = 1000;
const PAGE_LIMIT_BYTES = 8 * 1024 * 1024;
/** Of 1000 tags each; more are a list that never ends. */
const MAX_PAGES = 1000;

/** Every tag, page after page. @see distribution-spec v1.1, "Listing Tags" */
export async function* listTags(remote: RemoteRepository, options: CallOptions = {}): AsyncGenerator<string> {
  const { signal } = options;
  const seen = new Set<string>();
  let target: string | URL = `${tagsPath(remote.name)}?n=${PAGE_SIZE}`;
  for (;;) {
    const page = await remote.session.retrying(async () => {
      const response = await remote.session.request({ method: 'GET', target, scopes: remote.scopes, signal });
      if (response.status !== 200) {
        throw await responseFailure(response, `list tags of "${nameOf(remote)}"`, {
          notFound: 'REPOSITORY_UNKNOWN',
        });
      }
      const body = await readJson(response, PAGE_LIMIT_BYTES, 'list of tags');
      return { tags: tagsOf(body, remote), next: nextPage(response.header('link')), url: response.url };
    }, options);
    yield* page.tags;
    if (page.next === undefined) return;
    const next = addressFrom(page.next, page.url);
    if (seen.has(next.href) || seen.size >= MAX_PAGES) {
      const fault = seen.has(next.href) ? 'lead back to an earlier one' : `are more than ${MAX_PAGES}`;
      throw new TransferError(
        'RESPONSE_INVALID',
        `Cannot list tags of "${nameOf(remote)}": its pages ${fault}`,
      );
    }
    seen.add(next.href);
    target = new URL(`${next.pathname}${next.search}`, page.url);
  }
}

/** The address of `rel="next"`. @see RFC 8288, 3 */
export function nextPage(link: string | undefined): string | undefined {
  for (const [, address, parameters] of (link ?? '').matchAll(/<([^>]*)>([^,<]*)/g)) {
    if (/;\s*rel\s*=\s*"?next"?\s*(;|$)/i.test(parameters?.trim() ?? '')) return address;
  }
  return undefined;
}

function tagsOf(body: unknown, remote: RemoteRepository): readonly string[] {
  const { tags } = (body ?? {}) as { tags?: unknown };
  if (tags === null || tags === undefined) return [];
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags;
  throw new TransferError(
    'RESPONSE_INVALID',
    `Cannot list tags of "${nameOf(remote)}": "tags" is no list of names`,
  );
}
