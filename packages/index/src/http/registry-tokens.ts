import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { IndexError } from '../errors.ts';
import { credentialsWrong } from '../sessions/credentials.ts';
import type { Principal } from '../sessions/principal.ts';
import { parseScopes } from '../tokens/scope.ts';
import type { IssuedToken } from '../tokens/token-service.ts';
import type { App, Services } from './app.ts';
import { type Failure, failureOf } from './failure.ts';

/** Path of the token service; the realm of the registry's challenge is the Hub's address and this. */
export const TOKEN_PATH = '/auth/token';
const CLIENT_ID_MAX_LENGTH = 255;

const TokenShape = Type.Object({
  token: Type.String(),
  access_token: Type.String({ description: 'The same token, under the name that OAuth has for it' }),
  expires_in: Type.Integer({ description: 'Seconds' }),
  issued_at: Type.String({ format: 'date-time' }),
  refresh_token: Type.Optional(Type.String()),
  scope: Type.Optional(Type.String({ description: 'What was given of what was asked' })),
});
const RegistryErrorShape = Type.Object({
  errors: Type.Array(
    Type.Object({
      code: Type.String(),
      message: Type.String(),
      detail: Type.Object({ hint: Type.Optional(Type.String()) }),
    }),
  ),
});
const RESPONSES = {
  200: TokenShape,
  400: RegistryErrorShape,
  401: RegistryErrorShape,
  429: RegistryErrorShape,
  500: RegistryErrorShape,
};

const Text = Type.String({ maxLength: 4096 });
const TokenQuery = Type.Object({
  service: Type.Optional(Text),
  scope: Type.Optional(Type.Union([Text, Type.Array(Text)])),
  client_id: Type.Optional(Text),
  account: Type.Optional(Text),
  offline_token: Type.Optional(Type.String({ description: '"true": a refresh token too' })),
});
const TokenForm = Type.Object({
  grant_type: Text,
  service: Type.Optional(Text),
  scope: Type.Optional(Type.Union([Text, Type.Array(Text)])),
  client_id: Type.Optional(Text),
  access_type: Type.Optional(Type.String({ description: '"offline": a refresh token too' })),
  username: Type.Optional(Text),
  password: Type.Optional(Text),
  refresh_token: Type.Optional(Text),
});

/**
 * Docker's token flow for registry clients.
 *
 * @see distribution, docs/content/spec/auth/token.md (GET) and oauth.md (POST)
 */
export function registryTokenRoutes(app: App, services: Services): void {
  app.setErrorHandler((error, request, reply) => {
    const failure = failureOf(error);
    if (failure.status === 500) services.onFault(error, `${request.method} ${TOKEN_PATH}`);
    return refuse(reply, failure);
  });

  app.get(
    TOKEN_PATH,
    {
      schema: {
        summary: 'A registry token, for Basic credentials or for nobody',
        tags: ['registry tokens'],
        querystring: TokenQuery,
        response: RESPONSES,
      },
    },
    async (request, reply) => {
      const principal = await basicPrincipal(services, request);
      const { service, scope, client_id: clientId, offline_token: offline } = request.query;
      const issued = await services.tokenService.issue(principal, {
        service,
        scopes: parseScopes(list(scope)),
      });
      const refresh = offline === 'true' && principal !== undefined;
      reply.header('cache-control', 'no-store');
      return {
        ...tokenShape(issued),
        ...(refresh ? { refresh_token: await newRefreshToken(services, principal, clientId) } : {}),
      };
    },
  );

  app.post(
    TOKEN_PATH,
    {
      schema: {
        summary: 'A registry token, for a password or a refresh token',
        tags: ['registry tokens'],
        consumes: ['application/x-www-form-urlencoded'],
        body: TokenForm,
        response: RESPONSES,
      },
    },
    async (request, reply) => {
      const {
        service,
        scope,
        client_id: clientId,
        access_type: accessType,
        grant_type: grant,
      } = request.body;
      const principal = await formPrincipal(services, request, request.body);
      const issued = await services.tokenService.issue(principal, {
        service,
        scopes: parseScopes(list(scope)),
      });
      const refreshToken =
        grant === 'refresh_token'
          ? request.body.refresh_token
          : accessType === 'offline'
            ? await newRefreshToken(services, principal, clientId)
            : undefined;
      reply.header('cache-control', 'no-store');
      return {
        ...tokenShape(issued),
        scope: issued.access
          .map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`)
          .join(' '),
        ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
      };
    },
  );

  app.get(
    '/auth/keys',
    {
      schema: {
        summary: 'The public keys that registry tokens are signed with',
        tags: ['registry tokens'],
        response: { 200: KeySetShape },
      },
    },
    async (_, reply) => {
      reply.header('cache-control', 'public, max-age=300');
      return services.keys.publicSet() as Static<typeof KeySetShape>;
    },
  );
}

const KeySetShape = Type.Object({
  keys: Type.Array(
    Type.Object({
      kty: Type.String(),
      crv: Type.String(),
      x: Type.String(),
      y: Type.String(),
      kid: Type.String(),
      use: Type.String(),
      alg: Type.String(),
    }),
  ),
});

/** @returns `undefined` for a request without credentials */
async function basicPrincipal(services: Services, request: FastifyRequest): Promise<Principal | undefined> {
  const { authorization } = request.headers;
  if (authorization === undefined) return undefined;
  const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization) ?? [];
  const text = Buffer.from(encoded ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) throw credentialsWrong();
  const { remoteAddress } = services.requestContext(request.raw);
  return await services.credentials.check(text.slice(0, colon), text.slice(colon + 1), { remoteAddress });
}

async function formPrincipal(
  services: Services,
  request: FastifyRequest,
  form: Static<typeof TokenForm>,
): Promise<Principal> {
  switch (form.grant_type) {
    case 'password': {
      const username = required(form, 'username');
      const password = required(form, 'password');
      const { remoteAddress } = services.requestContext(request.raw);
      return await services.credentials.check(username, password, { remoteAddress });
    }
    case 'refresh_token': {
      const principal = await services.refreshTokens.authenticate(required(form, 'refresh_token'));
      if (principal === undefined) throw credentialsWrong();
      return principal;
    }
    default:
      throw new IndexError(
        'GRANT_INVALID',
        `Cannot give a token for grant_type "${form.grant_type.slice(0, 80)}"`,
        { hint: 'send grant_type=password or grant_type=refresh_token', detail: { field: 'grant_type' } },
      );
  }
}

function required(form: Static<typeof TokenForm>, field: 'username' | 'password' | 'refresh_token'): string {
  const value = form[field];
  if (value !== undefined && value !== '') return value;
  throw new IndexError(
    'GRANT_INVALID',
    `Cannot give a token for grant_type "${form.grant_type}": field "${field}" is missing`,
    { hint: `send ${field}=…`, detail: { field } },
  );
}

async function newRefreshToken(
  services: Services,
  principal: Principal,
  clientId: string | undefined,
): Promise<string> {
  return await services.refreshTokens.create(principal, (clientId ?? '').slice(0, CLIENT_ID_MAX_LENGTH));
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

function tokenShape(issued: IssuedToken) {
  return {
    token: issued.token,
    access_token: issued.token,
    expires_in: issued.expiresInSeconds,
    issued_at: issued.issuedAt.toISOString(),
  };
}

/** Refusals in the registry's shape: these answers go to the same clients. @see distribution-spec v1.1, "Error codes" */
function refuse(reply: FastifyReply, failure: Failure): FastifyReply {
  const { status, message, hint } = failure;
  reply.code(status).header('cache-control', 'no-store');
  if (status === 401) reply.header('www-authenticate', 'Basic realm="Berth", charset="UTF-8"');
  if (failure.retryAfterSeconds !== undefined) reply.header('retry-after', failure.retryAfterSeconds);
  return reply.send({
    errors: [
      { code: REGISTRY_CODES[status] ?? 'UNKNOWN', message, detail: hint === undefined ? {} : { hint } },
    ],
  });
}

const REGISTRY_CODES: Readonly<Record<number, string>> = {
  400: 'UNSUPPORTED',
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  429: 'TOOMANYREQUESTS',
  503: 'UNAVAILABLE',
  507: 'UNAVAILABLE',
};
