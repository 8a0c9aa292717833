import type { TokenScope } from '../tokens/token-scope.ts';
import type { User } from '../users/users.ts';

/** Who calls, and how much of what the user may do the credentials carry. */
export interface Principal {
  readonly user: User;
  /** `all`: a password or a session of one. */
  readonly scope: TokenScope | 'all';
  /** The access token that was used, directly or to open a session. */
  readonly accessTokenId?: string;
}
