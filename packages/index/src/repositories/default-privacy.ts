import type { Transaction } from 'kysely';
import type { Tables } from '../schema.ts';
import { OFFICIAL_NAMESPACE } from './permissions.ts';

/**
 * Whether a new repository is private when nobody has said: official images never, a user's as the user wants,
 * those of a namespace without a user as the Hub is set.
 */
export async function defaultPrivacyOf(
  trx: Transaction<Tables>,
  namespace: string,
  options: { readonly defaultPrivacy: 'public' | 'private' },
): Promise<boolean> {
  if (namespace === OFFICIAL_NAMESPACE) return false;
  const owner = await trx
    .selectFrom('users')
    .select('default_private')
    .where('name', '=', namespace)
    .executeTakeFirst();
  return owner === undefined ? options.defaultPrivacy === 'private' : owner.default_private === 1;
}
