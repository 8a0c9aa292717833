import { RESERVED_NAMESPACES, type RepositoryAction } from '@berth/registry';
import type { Principal } from '../sessions/principal.ts';
import { TOKEN_SCOPES } from '../tokens/token-scope.ts';

/** The house's own namespace: public, and written by administrators alone. */
export const OFFICIAL_NAMESPACE = 'library';

const ALL: readonly RepositoryAction[] = ['pull', 'push', 'delete'];

export interface RepositoryFacts {
  /** `undefined`: the name has no slash. */
  readonly namespace: string | undefined;
  /** `undefined`: the Index knows no such repository. */
  readonly isPrivate: boolean | undefined;
}

/**
 * What a caller may do with a repository.
 *
 * The owner of the namespace and administrators: all, also where there is no repository yet, for a push makes it.
 * Everybody else: pull where it is public. Private and unknown look alike: nothing. A name without a namespace
 * belongs to nobody. An access token takes away from this, never adds.
 */
export function allowedActions(
  principal: Principal | undefined,
  repository: RepositoryFacts,
): ReadonlySet<RepositoryAction> {
  const { namespace } = repository;
  if (namespace === undefined || RESERVED_NAMESPACES.has(namespace)) return new Set();
  const isPublic = repository.isPrivate === false;
  if (principal === undefined) return new Set(isPublic ? ['pull'] : []);
  const mine = ownsNamespace(principal, namespace);
  const allowed = mine ? ALL : isPublic ? (['pull'] as const) : [];
  return new Set(allowed.filter((action) => carries(principal, action, isPublic)));
}

/** True for the user of that name and for administrators. */
export function ownsNamespace(principal: Principal | undefined, namespace: string): boolean {
  return principal !== undefined && (principal.user.isAdmin || principal.user.name === namespace);
}

/** False for an access token of public repositories alone. */
export function seesPrivate(principal: Principal): boolean {
  return principal.scope !== 'repo:public_read';
}

/** The part before the first slash; `undefined` for a name without one. */
export function namespaceOf(name: string): string | undefined {
  const slash = name.indexOf('/');
  return slash === -1 ? undefined : name.slice(0, slash);
}

function carries(principal: Principal, action: RepositoryAction, isPublic: boolean): boolean {
  if (principal.scope === 'all') return true;
  const rank = TOKEN_SCOPES.indexOf(principal.scope);
  switch (action) {
    case 'pull':
      return isPublic || rank >= TOKEN_SCOPES.indexOf('repo:read');
    case 'push':
      return rank >= TOKEN_SCOPES.indexOf('repo:write');
    case 'delete':
      return rank >= TOKEN_SCOPES.indexOf('repo:admin');
    default:
      return action satisfies never;
  }
}
