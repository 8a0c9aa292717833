import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { IndexError } from '../errors.ts';
import { networkOf } from '../passwords/tries.ts';
import type { User } from '../users/users.ts';
import type { App, Services } from './app.ts';
import { identify, requireCaller, requirePasswordCaller } from './callers.ts';
import { errors, Password, Username, UserShape } from './shapes.ts';

const DAY_MS = 86_400_000;
/** A login of the API, as long as a page's. */
export const SESSION_TTL_MS = 30 * DAY_MS;
/** What Docker Hub gives for `POST /v2/auth/token`. */
const ACCESS_TTL_MS = 10 * 60_000;

const NewUserBody = Type.Object({
  username: Username,
  password: Password,
  email: Type.Optional(Type.String()),
});

const SessionShape = Type.Object({
  user: Type.Union([UserShape, Type.Null()]),
  setupNeeded: Type.Boolean({ description: 'There is no account yet' }),
  signUp: Type.Union([Type.Literal('open'), Type.Literal('closed')]),
  version: Type.String(),
});

/** Accounts and sign-in by API. */
export function accountRoutes(app: App, services: Services): void {
  app.get(
    '/api/session',
    {
      schema: {
        summary: 'Who is signed in, and how one may come in',
        tags: ['accounts'],
        response: { 200: SessionShape, ...errors(401) },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const [caller, hasUsers] = await Promise.all([identify(services, request), services.users.any()]);
      return {
        user: caller === undefined ? null : userShape(caller.user),
        setupNeeded: !hasUsers,
        signUp: services.signUp,
        version: services.version,
      };
    },
  );

  app.post(
    '/v2/users/login',
    {
      schema: {
        summary: 'Sign in with name and password or access token; the older way',
        tags: ['accounts'],
        body: Type.Object({ username: Username, password: Password }),
        response: { 200: Type.Object({ token: Type.String() }), ...errors(401, 429) },
      },
    },
    async (request, reply) => {
      const { username, password } = request.body;
      const { remoteAddress } = services.requestContext(request.raw);
      const principal = await services.credentials.check(username, password, { remoteAddress });
      const { token } = await services.sessions.open(principal, { ttlMs: SESSION_TTL_MS });
      reply.header('cache-control', 'no-store');
      return { token };
    },
  );

  app.post(
    '/v2/auth/token',
    {
      schema: {
        summary: 'A token of ten minutes for name and password or access token',
        tags: ['accounts'],
        body: Type.Object({ identifier: Username, secret: Password }),
        response: { 200: Type.Object({ access_token: Type.String() }), ...errors(401, 429) },
      },
    },
    async (request, reply) => {
      const { identifier, secret } = request.body;
      const { remoteAddress } = services.requestContext(request.raw);
      const principal = await services.credentials.check(identifier, secret, { remoteAddress });
      const { token } = await services.sessions.open(principal, { ttlMs: ACCESS_TTL_MS });
      reply.header('cache-control', 'no-store');
      return { access_token: token };
    },
  );

  for (const [url, hide] of [
    ['/v2/users', false],
    ['/v2/users/signup', true],
  ] as const) {
    app.post(
      url,
      {
        schema: {
          summary: 'Sign up',
          tags: ['accounts'],
          hide,
          body: NewUserBody,
          response: { 201: UserShape, ...errors(403, 409, 429) },
        },
      },
      async (request, reply) => {
        const user = await signUp(services, request, request.body);
        reply.code(201);
        return userShape(user);
      },
    );
  }

  app.get(
    '/v2/user',
    {
      schema: {
        summary: 'The caller',
        tags: ['accounts'],
        response: { 200: UserShape, ...errors(401) },
      },
    },
    async (request) => userShape((await requireCaller(services, request)).user),
  );

  app.post(
    '/api/user/password',
    {
      schema: {
        summary: 'Change the password; ends all other sessions and every docker login that keeps a token',
        tags: ['accounts'],
        body: Type.Object({ current_password: Password, new_password: Password }),
        response: { 204: Type.Null(), ...errors(401, 403, 429) },
      },
    },
    async (request, reply) => {
      const caller = await requirePasswordCaller(services, request);
      const { remoteAddress } = services.requestContext(request.raw);
      const { current_password, new_password } = request.body;
      const checked = await services.credentials.check(caller.user.name, current_password, { remoteAddress });
      if (checked.scope !== 'all') {
        throw new IndexError('NOT_ALLOWED', 'Cannot change the password with an access token', {
          hint: 'give the password of now',
          detail: { field: 'current_password' },
        });
      }
      await services.users.changePassword(caller.user, new_password, { keepSessionHash: caller.tokenHash });
      reply.code(204);
      return null;
    },
  );
}

/** @throws {IndexError} `SIGN_UP_CLOSED`, `SETUP_NEEDED`, `TOO_MANY_SIGN_UPS`, and what `Users.create` throws */
export async function signUp(
  services: Services,
  request: FastifyRequest,
  user: { readonly username: string; readonly password: string; readonly email?: string | undefined },
): Promise<User> {
  if (services.signUp === 'closed') {
    throw new IndexError('SIGN_UP_CLOSED', 'Cannot sign up: sign-up is closed on this Hub', {
      hint: 'ask an administrator',
    });
  }
  if (!(await services.users.any())) {
    throw new IndexError(
      'SETUP_NEEDED',
      'Cannot sign up: the first account is made through the set-up link',
      {
        hint: 'open the link that the Hub printed when it started',
      },
    );
  }
  countSignUp(services, networkOf(services.requestContext(request.raw).remoteAddress));
  return await services.users.create(user, { isAdmin: false });
}

/** Each one costs the hash of a password and a row that stays, and nobody has to be known for it. */
function countSignUp({ signUps }: Services, address: string): void {
  const waitMs = signUps.waitMs(address);
  if (waitMs !== undefined) {
    const retryAfterSeconds = Math.ceil(waitMs / 1000);
    throw new IndexError('TOO_MANY_SIGN_UPS', 'Cannot sign up: too many did so from this address', {
      hint: `try again in ${retryAfterSeconds} s`,
      detail: { retryAfterSeconds },
    });
  }
  signUps.add(address);
}

export function userShape(user: User) {
  return {
    id: user.id,
    username: user.name,
    is_admin: user.isAdmin,
    date_joined: user.createdAt.toISOString(),
  };
}
