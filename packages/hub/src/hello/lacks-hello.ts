import type { Registry } from '@berth/registry';

export const HELLO_REPOSITORY = 'library/hello';

/** A registry with a repository of its own needs no greeting. */
export async function lacksHello({ queries }: Registry): Promise<boolean> {
  const [first] = await queries.repositories({ limit: 1 });
  if (first === undefined) return true;
  return first.name === HELLO_REPOSITORY && (await queries.tag(first.id, 'latest')) === undefined;
}
