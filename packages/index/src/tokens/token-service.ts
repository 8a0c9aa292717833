import { randomUUID } from 'node:crypto';
import { isRepositoryName } from '@berth/oci';
import type { Access } from '@berth/registry';
import { SignJWT } from 'jose';
import { IndexError } from '../errors.ts';
import { allowedActions, namespaceOf } from '../repositories/permissions.ts';
import type { Repositories } from '../repositories/repositories.ts';
import type { Principal } from '../sessions/principal.ts';
import type { RequestedScope } from './scope.ts';
import type { SigningKeys } from './signing-keys.ts';

/** Seconds. Docker's clients take anything below 60 for 60. */
const TTL_SECONDS = 300;
/** For a verifier whose clock is behind, or was set back since. */
const NOT_BEFORE_SLACK_SECONDS = 60;
const ANONYMOUS = 'anonymous';
const SYSTEM = 'system';
/** Clients ask for `*` when they want to delete. */
const EVERY_ACTION = ['pull', 'push', 'delete'];

/** One entry of a token's `access` claim. @see distribution, docs/content/spec/auth/jwt.md */
interface Grant {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresInSeconds: number;
  readonly issuedAt: Date;
  /** What was given of what was asked. */
  readonly access: readonly Grant[];
}

export interface TokenServiceOptions {
  readonly keys: SigningKeys;
  readonly repositories: Repositories;
  readonly service: string;
  readonly issuer: string;
}

/**
 * Gives registry tokens: signed statements of what their bearer may do for the next five minutes.
 *
 * Times are the system clock's and not the database's: the verifier compares with its own.
 */
export class TokenService {
  readonly #options: TokenServiceOptions;

  constructor(options: TokenServiceOptions) {
    this.#options = options;
  }

  /**
   * A token for the part of `scopes` that the caller has; that it is less than asked is no error.
   *
   * @param service what the client believes to speak to
   * @throws {IndexError} `SERVICE_UNKNOWN`
   */
  async issue(
    principal: Principal | undefined,
    request: { readonly service?: string | undefined; readonly scopes: readonly RequestedScope[] },
  ): Promise<IssuedToken> {
    const { service } = this.#options;
    if (request.service !== undefined && request.service !== '' && request.service !== service) {
      throw new IndexError(
        'SERVICE_UNKNOWN',
        `Cannot give a token for service "${request.service.slice(0, 200)}": this Hub is "${service}"`,
        { hint: 'ask GET /v2/ for the challenge again', detail: { field: 'service' } },
      );
    }
    const access: Grant[] = [];
    for (const scope of request.scopes) {
      const actions = await this.#granted(principal, scope);
      if (actions.length > 0) access.push({ type: scope.type, name: scope.name, actions });
    }
    return await this.#sign(principal?.user.name ?? ANONYMOUS, access);
  }

  /** A token for the house itself, for instance for its first push. */
  async issueSystem(access: readonly Access[]): Promise<IssuedToken> {
    const grants = access.flatMap((each): Grant[] => {
      if (each.type === 'ping') return [];
      if (each.type === 'catalog') return [{ type: 'registry', name: 'catalog', actions: ['*'] }];
      return [{ type: 'repository', name: each.name, actions: [each.action] }];
    });
    return await this.#sign(SYSTEM, grants);
  }

  /** May the caller do all of that? For clients that send name and password with every request. */
  async allows(principal: Principal, access: readonly Access[]): Promise<boolean> {
    for (const each of access) {
      if (each.type === 'ping') continue;
      const [scope, wanted] =
        each.type === 'catalog'
          ? [{ type: 'registry', name: 'catalog', actions: ['*'] }, '*']
          : [{ type: 'repository', name: each.name, actions: [each.action] }, each.action];
      if (!(await this.#granted(principal, scope)).includes(wanted)) return false;
    }
    return true;
  }

  async #granted(principal: Principal | undefined, scope: RequestedScope): Promise<readonly string[]> {
    if (scope.type === 'registry' && scope.name === 'catalog')
      return catalogActions(principal, scope.actions);
    if (scope.type !== 'repository' || !isRepositoryName(scope.name)) return [];
    const isPrivate = await this.#options.repositories.isPrivate(scope.name);
    const allowed = allowedActions(principal, { namespace: namespaceOf(scope.name), isPrivate });
    const asked = scope.actions.includes('*') ? EVERY_ACTION : scope.actions;
    return [...new Set(asked)].filter((action) => (allowed as ReadonlySet<string>).has(action));
  }

  async #sign(subject: string, access: readonly Grant[]): Promise<IssuedToken> {
    const key = await this.#options.keys.current();
    const issuedAt = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({ access: access as Grant[] })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.kid })
      .setIssuer(this.#options.issuer)
      .setSubject(subject)
      .setAudience(this.#options.service)
      .setIssuedAt(issuedAt)
      .setNotBefore(issuedAt - NOT_BEFORE_SLACK_SECONDS)
      .setExpirationTime(issuedAt + TTL_SECONDS)
      .setJti(randomUUID())
      .sign(key.privateKey);
    return { token, expiresInSeconds: TTL_SECONDS, issuedAt: new Date(issuedAt * 1000), access };
  }
}

/**
 * The catalog lists every name, private ones too, so it is the administrators'. Everybody else has
 * `/api/repositories`, which leaves out what the caller may not see.
 */
function catalogActions(principal: Principal | undefined, asked: readonly string[]): readonly string[] {
  const mayList = principal?.user.isAdmin === true && ['all', 'repo:admin'].includes(principal.scope);
  return mayList ? asked.filter((action) => action === '*') : [];
}
