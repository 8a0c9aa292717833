import type { FastifyReply, FastifyRequest } from 'fastify';
import { IndexError } from '../errors.ts';
import type { OpenedSession, SessionPrincipal } from '../sessions/sessions.ts';
import type { Services } from './app.ts';

export const SESSION_COOKIE = 'berth_session';
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

type CallerServices = Pick<Services, 'sessions' | 'requestContext'>;

/**
 * Who calls: `Authorization: Bearer` (or `JWT`, as older tools say) with a token of the Hub API, else the cookie.
 *
 * @returns `undefined` for nobody; a cookie that has ended is nobody too
 * @throws {IndexError} `SIGN_IN_NEEDED` for a bearer token that has ended, `ORIGIN_WRONG`
 */
export async function identify(
  services: CallerServices,
  request: FastifyRequest,
): Promise<SessionPrincipal | undefined> {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const [, token] = /^(?:Bearer|JWT) +(\S+) *$/i.exec(authorization) ?? [];
    const caller = token === undefined ? undefined : await services.sessions.find(token);
    if (caller === undefined) throw signInNeeded('the token is unknown or has ended');
    return caller;
  }
  const cookie = request.cookies[SESSION_COOKIE];
  if (cookie === undefined) return undefined;
  if (!SAFE_METHODS.has(request.method)) requireSameOrigin(services, request);
  return await services.sessions.find(cookie);
}

/** @throws {IndexError} as `identify`, and `SIGN_IN_NEEDED` for nobody */
export async function requireCaller(
  services: CallerServices,
  request: FastifyRequest,
): Promise<SessionPrincipal> {
  const caller = await identify(services, request);
  if (caller === undefined) throw signInNeeded('nobody is signed in');
  return caller;
}

/** A caller who signed in with the password: an access token may not make or change credentials. */
export async function requirePasswordCaller(
  services: CallerServices,
  request: FastifyRequest,
): Promise<SessionPrincipal> {
  const caller = await requireCaller(services, request);
  if (caller.scope === 'all') return caller;
  throw new IndexError('NOT_ALLOWED', 'Cannot manage credentials with an access token', {
    hint: 'sign in with the password',
  });
}

/**
 * Refuses what a browser sends from a page of another site. Every browser of today says where a request comes
 * from (`Sec-Fetch-Site`, or `Origin` with each POST); a request with neither is no browser's.
 *
 * @throws {IndexError} `ORIGIN_WRONG`
 */
export function requireSameOrigin(services: CallerServices, request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return;
  const { origin } = request.headers;
  if (site === undefined && origin === undefined) return;
  const own = new URL(services.requestContext(request.raw).baseUrl).origin;
  if (site === undefined && origin === own) return;
  throw new IndexError(
    'ORIGIN_WRONG',
    `Cannot take a form of "${(origin ?? 'another site').slice(0, 200)}": this Hub is "${own}"`,
    { hint: 'open the Hub under that address and try again' },
  );
}

/** Puts the session into the browser; scripts of the page cannot read it, other sites cannot send it with a POST. */
export function setSessionCookie(
  services: CallerServices,
  reply: FastifyReply,
  session: OpenedSession,
): void {
  reply.setCookie(SESSION_COOKIE, session.token, {
    ...cookieOptions(services, reply),
    expires: session.expiresAt,
  });
}

export function clearSessionCookie(services: CallerServices, reply: FastifyReply): void {
  reply.clearCookie(SESSION_COOKIE, cookieOptions(services, reply));
}

function cookieOptions(services: CallerServices, reply: FastifyReply) {
  const { baseUrl } = services.requestContext(reply.request.raw);
  return { path: '/', httpOnly: true, sameSite: 'lax', secure: baseUrl.startsWith('https:') } as const;
}

function signInNeeded(reason: string): IndexError {
  return new IndexError('SIGN_IN_NEEDED', `Cannot do this: ${reason}`, {
    hint: 'sign in, or get a token from POST /v2/auth/token',
  });
}
