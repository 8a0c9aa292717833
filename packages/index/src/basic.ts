import { hasCode } from '@berth/errors';
import type { Decision, TokenAuthorizerOptions } from '@berth/registry';
import { namespaceOf } from './repositories/permissions.ts';
import type { Credentials } from './sessions/credentials.ts';
import type { TokenService } from './tokens/token-service.ts';

export type BasicCheck = NonNullable<TokenAuthorizerOptions['basic']>;
type BasicRequest = Parameters<BasicCheck>[2];

export interface BasicOptions {
  readonly credentials: Credentials;
  readonly tokenService: TokenService;
}

/** Decides for clients that send name and password with every request instead of getting a token. */
export function createBasic(options: BasicOptions): BasicCheck {
  return async (user, password, request) => {
    try {
      const principal = await options.credentials.check(user, password, request);
      if (await options.tokenService.allows(principal, request.access)) {
        return { allowed: true, subject: principal.user.name };
      }
      return { allowed: false, reason: 'denied', message: denialOf(principal.user.name, request) };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      return refusal;
    }
  };
}

function denialOf(user: string, request: BasicRequest): string {
  const names = request.access.flatMap((each) => (each.type === 'repository' ? [each.name] : []));
  const homeless = names.find((name) => namespaceOf(name) === undefined);
  if (homeless !== undefined) return `Nobody may use "${homeless}": name it "${user}/${homeless}"`;
  return `User "${user}" may not do this${names[0] === undefined ? '' : ` with "${names[0]}"`}`;
}

function refusalOf(error: unknown): Decision | undefined {
  if (!hasCode(error)) return undefined;
  switch (error.code) {
    case 'CREDENTIALS_WRONG':
      return { allowed: false, reason: 'unauthenticated', message: error.message };
    case 'TOO_MANY_TRIES':
    case 'SIGN_IN_BUSY': {
      const { retryAfterSeconds = 1 } = (error as { detail?: { retryAfterSeconds?: number } }).detail ?? {};
      return { allowed: false, reason: 'tooManyRequests', message: error.message, retryAfterSeconds };
    }
    default:
      return undefined;
  }
}
