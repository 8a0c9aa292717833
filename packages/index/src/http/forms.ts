import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Principal } from '../sessions/principal.ts';
import { SESSION_TTL_MS, signUp, userShape } from './accounts.ts';
import type { App, Services } from './app.ts';
import { clearSessionCookie, requireSameOrigin, SESSION_COOKIE, setSessionCookie } from './callers.ts';
import { failureOf } from './failure.ts';
import { errors, OpenedShape, Password, Username } from './shapes.ts';

const CONSUMES = ['application/x-www-form-urlencoded', 'application/json'];
const SignInBody = Type.Object({ username: Username, password: Password });
const SignUpBody = Type.Object({
  username: Username,
  password: Password,
  email: Type.Optional(Type.String()),
});
const SetupBody = Type.Object({
  code: Type.String({ minLength: 1, maxLength: 200 }),
  username: Username,
  password: Password,
  email: Type.Optional(Type.String()),
});

/**
 * The forms of the pages. A script that asks for JSON gets it; a plain form post is sent on to the start page with
 * 303, and a refused one gets a small page with the reason.
 */
export function formRoutes(app: App, services: Services): void {
  app.addHook('preValidation', async (request) => requireSameOrigin(services, request));
  app.setErrorHandler((error, request, reply) => {
    if (!wantsPage(request)) throw error;
    const failure = failureOf(error);
    if (failure.status === 500) services.onFault(error, `${request.method} ${request.url}`);
    if (failure.retryAfterSeconds !== undefined) reply.header('retry-after', failure.retryAfterSeconds);
    return reply
      .code(failure.status)
      .type('text/html; charset=utf-8')
      .send(refusalPage(failure, request.url));
  });

  app.post(
    '/sign-in',
    {
      schema: {
        summary: 'Sign in; sets the session cookie',
        tags: ['pages'],
        consumes: CONSUMES,
        body: SignInBody,
        response: { 200: OpenedShape, 303: Type.Null(), ...errors(401, 403, 429) },
      },
    },
    async (request, reply) => {
      const { username, password } = request.body;
      const { remoteAddress } = services.requestContext(request.raw);
      const principal = await services.credentials.check(username, password, { remoteAddress });
      return await open(principal, request, reply);
    },
  );

  app.post(
    '/sign-up',
    {
      schema: {
        summary: 'Make an account and sign in',
        tags: ['pages'],
        consumes: CONSUMES,
        body: SignUpBody,
        response: { 200: OpenedShape, 303: Type.Null(), ...errors(403, 409, 429) },
      },
    },
    async (request, reply) => {
      const user = await signUp(services, request, request.body);
      return await open({ user, scope: 'all' }, request, reply);
    },
  );

  app.post(
    '/setup',
    {
      schema: {
        summary: 'Make the first account, an administrator, with the code of the set-up link',
        tags: ['pages'],
        consumes: CONSUMES,
        body: SetupBody,
        response: { 200: OpenedShape, 303: Type.Null(), ...errors(403, 409, 429) },
      },
    },
    async (request, reply) => {
      const { code, ...newUser } = request.body;
      const user = await services.setupLink.complete(code, newUser);
      return await open({ user, scope: 'all' }, request, reply);
    },
  );

  app.post(
    '/sign-out',
    {
      schema: {
        summary: 'End the session; no error where there is none',
        tags: ['pages'],
        consumes: CONSUMES,
        response: { 204: Type.Null(), 303: Type.Null(), ...errors(403) },
      },
    },
    async (request, reply) => {
      const token = request.cookies[SESSION_COOKIE];
      if (token !== undefined) await services.sessions.close(token);
      clearSessionCookie(services, reply);
      if (wantsPage(request)) return reply.redirect('/', 303);
      return reply.code(204).send(null);
    },
  );

  async function open(
    principal: Principal,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const session = await services.sessions.open(principal, { ttlMs: SESSION_TTL_MS });
    setSessionCookie(services, reply, session);
    reply.header('cache-control', 'no-store');
    if (wantsPage(request)) return reply.redirect('/', 303);
    return reply.code(200).send({ user: userShape(principal.user) });
  }
}

/** A browser that sends a form itself wants a page; `fetch` asks for JSON or for anything. */
function wantsPage(request: FastifyRequest): boolean {
  return (request.headers.accept ?? '').includes('text/html');
}

function refusalPage(failure: { readonly message: string; readonly hint?: string }, url: string): string {
  const back = escapeHtml(new URL(url, 'http://hub').pathname);
  const hint = failure.hint === undefined ? '' : `<p>${escapeHtml(failure.hint)}</p>`;
  return `<!doctype html><meta charset="utf-8"><title>Berth</title><p>${escapeHtml(failure.message)}</p>${hint}<p><a href="${back}">Back</a></p>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
