import { TransferError } from '../errors.ts';
import type { Challenge } from './challenge.ts';
import { readJson, responseFailure } from './failures.ts';
import { hostOf } from './host.ts';
import type { HttpResponse, SendHttp } from './http.ts';

/** What a user signs in with. */
export interface Credentials {
  readonly username: string;
  /** A password or an access token; empty when there is only an identity token. */
  readonly password: string;
  /** A refresh token that stands for the user. @see distribution: docs/spec/auth/oauth.md */
  readonly identityToken?: string;
}

export interface Token {
  readonly value: string;
  /** On the clock of `performance.now()`, which nobody sets back. */
  readonly freshUntilMs: number;
}

export interface TokenQuestion {
  readonly challenge: Challenge;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  readonly registry: string;
  /** Whether a host may be spoken to without TLS. */
  readonly allowsPlainHttp: (host: string) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The registry never says which of the two was wrong, and neither do we. */
export const SIGN_IN_HINT = 'Check the name and the password or token: berth login';

const CLIENT_ID = 'berth';
const TOKEN_BODY_LIMIT_BYTES = 1024 * 1024;
const REALM_MAX_LENGTH = 2048;
/** What a server that says nothing means. @see distribution: docs/spec/auth/token.md */
const DEFAULT_LIFE_SECONDS = 60;
/** A token is not used for a request that begins this shortly before its end. */
const MARGIN_SECONDS = 10;

/** Asks the server named by a Bearer challenge for a token. */
export async function fetchToken(send: SendHttp, question: TokenQuestion): Promise<Token> {
  const { challenge, scopes, credentials, registry, signal } = question;
  const realm = realmOf(question);
  const service = challenge.parameters.get('service');
  const { identityToken } = credentials ?? {};
  const askedAtMs = performance.now();
  let response: HttpResponse;
  if (identityToken !== undefined && identityToken !== '') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: CLIENT_ID,
      refresh_token: identityToken,
      scope: scopes.join(' '),
      ...(service === undefined ? {} : { service }),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    response = await send({ method: 'POST', url: realm, headers, body: form.toString(), signal });
  } else {
    if (service !== undefined) realm.searchParams.set('service', service);
    for (const scope of scopes) realm.searchParams.append('scope', scope);
    realm.searchParams.set('client_id', CLIENT_ID);
    const headers = {
      accept: 'application/json',
      ...(credentials === undefined ? {} : { authorization: basicAuthorization(credentials) }),
    };
    response = await send({ method: 'GET', url: realm, headers, signal });
  }
  if (response.status !== 200) {
    throw await responseFailure(response, `sign in to "${registry}"`, { hint: SIGN_IN_HINT });
  }
  return readToken(await readJson(response, TOKEN_BODY_LIMIT_BYTES, 'token'), registry, askedAtMs);
}

export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function realmOf({ challenge, registry, allowsPlainHttp }: TokenQuestion): URL {
  const realm = (challenge.parameters.get('realm') ?? '').slice(0, REALM_MAX_LENGTH);
  if (!URL.canParse(realm) || !/^https?:$/.test(new URL(realm).protocol)) {
    throw new TransferError(
      'RESPONSE_INVALID',
      `Cannot sign in to "${registry}": its realm "${realm}" is not a web address`,
    );
  }
  const url = new URL(realm);
  // Of a registry that may be spoken to in the clear, another port is its own; another host must be allowed itself.
  const isNear = url.hostname === hostOf(registry) || allowsPlainHttp(url.host);
  if (url.protocol === 'http:' && !(isNear && allowsPlainHttp(registry))) {
    throw new TransferError(
      'PLAIN_HTTP_REFUSED',
      `Cannot sign in to "${registry}": its realm "${realm}" would send the password unencrypted`,
      {
        hint: `Use the registry by the name its realm has and allow that one: BERTH_INSECURE_REGISTRIES=${url.host}`,
      },
    );
  }
  return url;
}

function readToken(body: unknown, registry: string, askedAtMs: number): Token {
  const { token, access_token, expires_in } = (body ?? {}) as Record<string, unknown>;
  const value = [token, access_token].find((text) => typeof text === 'string' && text !== '');
  // What cannot stand in a header is no token.
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
    throw new TransferError('RESPONSE_INVALID', `Cannot sign in to "${registry}": the answer holds no token`);
  }
  const lifeSeconds = typeof expires_in === 'number' && expires_in > 0 ? expires_in : DEFAULT_LIFE_SECONDS;
  const margin = Math.min(MARGIN_SECONDS, lifeSeconds / 4);
  return { value, freshUntilMs: askedAtMs + (lifeSeconds - margin) * 1000 };
}
