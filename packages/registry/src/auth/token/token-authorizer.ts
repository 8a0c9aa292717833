import type { Access, AuthorizeRequest, Authorizer, Decision } from '../interface.ts';
import { grants, type TokenClaims } from './claims.ts';
import type { KeySet } from './key-set.ts';
import { formatScope } from './scope.ts';
import { VerifiedTokens } from './verified-tokens.ts';

/** What a `basic` check is told beside name and password. */
export interface BasicRequest {
  readonly access: readonly Access[];
  readonly remoteAddress: string;
}

export interface TokenAuthorizerOptions {
  /** Where a client gets a token, built from the address it reached us at. */
  readonly realm: (baseUrl: string) => string;
  /** `service` of the challenge and `aud` of the token. */
  readonly service: string;
  /** `iss` of the token. */
  readonly issuer: string;
  readonly keys: KeySet;
  /** For clients that send their password with every request. Without it Basic gets a challenge. */
  readonly basic?: (user: string, password: string, request: BasicRequest) => Promise<Decision>;
  /** For the tests of time. */
  readonly now?: () => number;
}

/** Two machines, or one before and after its clock was set back. */
const LEEWAY_SECONDS = 60;
const TOKENS_REMEMBERED = 10_000;
const CREDENTIALS = /^([A-Za-z]+) +(\S+) *$/;

/**
 * Docker's token scheme: no or bad credentials get a challenge, a good token is checked against its `access`.
 *
 * A good token that lacks an action gets 401 with `error="insufficient_scope"`, not 403: docker, podman and
 * containerd then fetch a token with the wider scope and try again, and give up when that one lacks it too.
 *
 * @see distribution, docs/content/spec/auth/token.md
 */
export function createTokenAuthorizer(options: TokenAuthorizerOptions): Authorizer {
  const { issuer, service, keys } = options;
  const tokens = new VerifiedTokens({ issuer, service, keys, capacity: TOKENS_REMEMBERED });
  const now = options.now ?? Date.now;

  async function bearer(token: string, request: AuthorizeRequest): Promise<Decision> {
    const claims = tokens.peek(token) ?? (await tokens.verify(token));
    if (claims === undefined) return refuse(request, 'The token is not valid', 'invalid_token');
    const fault = timeFault(claims, now() / 1000, (request.expiredGraceMs ?? 0) / 1000);
    if (fault !== undefined) return refuse(request, fault, 'invalid_token');
    for (const each of request.access) {
      if (!grants(claims, each)) {
        const { challenge } = refuse(request, '', 'insufficient_scope');
        return {
          allowed: false,
          reason: 'denied',
          message: `Cannot ${nameOf(each)}: the token does not allow it`,
          challenge,
        };
      }
    }
    const validUntilMs = (claims.expires + LEEWAY_SECONDS) * 1000;
    return { allowed: true, subject: claims.subject, validUntilMs };
  }

  function refuse(request: AuthorizeRequest, message: string, error?: string): Refusal {
    const scope = formatScope(request.access);
    const parts = [`realm="${options.realm(request.baseUrl)}"`, `service="${service}"`];
    if (scope !== '') parts.push(`scope="${scope}"`);
    if (error !== undefined) parts.push(`error="${error}"`);
    return { allowed: false, reason: 'unauthenticated', message, challenge: `Bearer ${parts.join(',')}` };
  }

  return {
    async authorize(request) {
      const { authorization } = request;
      if (authorization === undefined) return refuse(request, 'Credentials are needed');
      const [, scheme = '', value = ''] = CREDENTIALS.exec(authorization) ?? [];
      switch (scheme.toLowerCase()) {
        case 'bearer':
          return bearer(value, request);
        case 'basic': {
          const pair = options.basic === undefined ? undefined : readBasic(value);
          if (options.basic === undefined || pair === undefined)
            return refuse(request, 'Credentials are needed');
          const decision = await options.basic(pair.user, pair.password, {
            access: request.access,
            remoteAddress: request.remoteAddress,
          });
          if (decision.allowed || decision.reason !== 'unauthenticated' || decision.challenge !== undefined)
            return decision;
          return { ...refuse(request, ''), ...decision };
        }
        default:
          return refuse(request, 'Credentials are needed');
      }
    },
  };
}

type Refusal = Extract<Decision, { allowed: false }> & { readonly challenge: string };

function nameOf(access: Access): string {
  return access.type === 'repository' ? `${access.action} "${access.name}"` : 'list all repositories';
}

function timeFault(claims: TokenClaims, nowSeconds: number, graceSeconds: number): string | undefined {
  if (nowSeconds > claims.expires + LEEWAY_SECONDS + graceSeconds) return 'The token has run out';
  if (nowSeconds < claims.notBefore - LEEWAY_SECONDS) return 'The token is not valid yet';
  return undefined;
}

function readBasic(value: string): { user: string; password: string } | undefined {
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
