/**
 * The contract between the registry and whoever knows the users.
 *
 * The registry asks "may the bearer of these credentials do that?" and gets a yes with a name for the logs, or a
 * no with the words for the client. It keeps no users and no passwords.
 *
 * `repository:<name>:<action>` and `registry:catalog:*` are the scopes of the token specification
 * (distribution, auth/scope.md). Every implementation runs `authorizerSuite` (testsuite.ts).
 */
import type { RepositoryName } from '@berth/oci';

export type RepositoryAction = 'pull' | 'push' | 'delete';

export type Access =
  | { readonly type: 'repository'; readonly name: RepositoryName; readonly action: RepositoryAction }
  | { readonly type: 'catalog' }
  /** `GET /v2/`: any valid credentials. */
  | { readonly type: 'ping' };

export interface AuthorizeRequest {
  /** The `Authorization` header as it came. */
  readonly authorization: string | undefined;
  /** All must be allowed. */
  readonly access: readonly Access[];
  /** Where the client reached us, `https://hub.example.org`: the realm is built from it. */
  readonly baseUrl: string;
  /** The client's address after trusted proxies, for rate limits and logs. */
  readonly remoteAddress: string;
  /**
   * Accept a token that was valid for this access but ran out not longer ago than this. The registry passes it
   * for requests inside an upload session that this subject began, so that no push dies of its own length.
   */
  readonly expiredGraceMs?: number;
}

export type Decision =
  | {
      readonly allowed: true;
      readonly subject: string;
      /** The very same request is allowed until then (milliseconds since 1970), whatever happens; absent: ask again. */
      readonly validUntilMs?: number;
    }
  | {
      readonly allowed: false;
      /** 401: unknown caller (a challenge goes out). 403: known caller who may not. 429: too many wrong tries. */
      readonly reason: 'unauthenticated' | 'denied' | 'tooManyRequests';
      /** For the client; never says which part of the credentials was wrong. */
      readonly message: string;
      /** The `WWW-Authenticate` value. */
      readonly challenge?: string;
      readonly retryAfterSeconds?: number;
    };

export interface Authorizer {
  authorize(request: AuthorizeRequest): Promise<Decision>;
}
