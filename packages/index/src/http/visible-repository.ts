import { IndexError } from '../errors.ts';
import { allowedActions } from '../repositories/permissions.ts';
import type { Repository } from '../repositories/repositories.ts';
import type { Principal } from '../sessions/principal.ts';
import type { Services } from './app.ts';

/**
 * The repository of a path, when the caller may pull it.
 *
 * @throws {IndexError} `REPOSITORY_UNKNOWN`, in the same words for one that is private and one that is not there
 */
export async function visibleRepository(
  services: Pick<Services, 'repositories'>,
  caller: Principal | undefined,
  path: { readonly namespace: string; readonly repository: string },
): Promise<Repository> {
  const found = await services.repositories.find(path.namespace, path.repository);
  if (found !== undefined && allowedActions(caller, found).has('pull')) return found;
  const name = `${path.namespace}/${path.repository}`.slice(0, 160);
  throw new IndexError('REPOSITORY_UNKNOWN', `Cannot find repository "${name}"`, {
    hint: caller === undefined ? 'check the name, or sign in if it is private' : 'check the name',
  });
}
