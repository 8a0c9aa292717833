import { Type } from 'typebox';
import { IndexError } from '../errors.ts';
import type { AccessToken } from '../tokens/access-tokens.ts';
import type { App, Services } from './app.ts';
import { requirePasswordCaller } from './callers.ts';
import { pageLinks } from './paging.ts';
import { errors, PageQuery } from './shapes.ts';

const Label = Type.String({ minLength: 1, maxLength: 100, examples: ['build server'] });
const Scope = Type.Union([
  Type.Literal('repo:admin'),
  Type.Literal('repo:write'),
  Type.Literal('repo:read'),
  Type.Literal('repo:public_read'),
]);
const Time = Type.Union([Type.String({ format: 'date-time' }), Type.Null()]);

const fields = {
  uuid: Type.String({ format: 'uuid' }),
  token_label: Type.String(),
  scopes: Type.Array(Scope),
  is_active: Type.Boolean(),
  created_at: Type.String({ format: 'date-time' }),
  expires_at: Time,
  last_used: Time,
};
const TokenShape = Type.Object(fields);
const NewTokenShape = Type.Object({ ...fields, token: Type.String({ description: 'Shown this once' }) });
const ListShape = Type.Object({
  count: Type.Integer(),
  active_count: Type.Integer(),
  next: Type.Union([Type.String(), Type.Null()]),
  previous: Type.Union([Type.String(), Type.Null()]),
  results: Type.Array(TokenShape),
});

const Params = Type.Object({ uuid: Type.String() });

/** Access tokens of the caller, as Docker Hub has them. */
export function accessTokenRoutes(app: App, services: Services): void {
  const { accessTokens } = services;

  app.post(
    '/v2/access-tokens',
    {
      schema: {
        summary: 'Make an access token: a password for a machine, with its own rights and end',
        tags: ['access tokens'],
        body: Type.Object({
          token_label: Label,
          scopes: Type.Array(Scope, { minItems: 1, maxItems: 4 }),
          expires_at: Type.Optional(Time),
        }),
        response: { 201: NewTokenShape, ...errors(401, 403, 409) },
      },
    },
    async (request, reply) => {
      const { user } = await requirePasswordCaller(services, request);
      const { token_label, scopes, expires_at } = request.body;
      const token = await accessTokens.create(user, {
        label: token_label,
        scopes,
        expiresAt: expires_at === undefined || expires_at === null ? undefined : new Date(expires_at),
      });
      reply.code(201).header('cache-control', 'no-store');
      return { ...tokenShape(token), token: token.secret };
    },
  );

  app.get(
    '/v2/access-tokens',
    {
      schema: {
        summary: 'The access tokens of the caller, newest first',
        tags: ['access tokens'],
        querystring: Type.Object(PageQuery),
        response: { 200: ListShape, ...errors(401, 403) },
      },
    },
    async (request) => {
      const { user } = await requirePasswordCaller(services, request);
      const { page, page_size: pageSize } = request.query;
      const { count, activeCount, tokens } = await accessTokens.list(user, {
        offset: (page - 1) * pageSize,
        limit: pageSize,
      });
      const url = new URL(request.url, services.requestContext(request.raw).baseUrl);
      return {
        count,
        active_count: activeCount,
        ...pageLinks(url, { page, pageSize, count }),
        results: tokens.map(tokenShape),
      };
    },
  );

  app.get(
    '/v2/access-tokens/:uuid',
    {
      schema: {
        summary: 'One access token',
        tags: ['access tokens'],
        params: Params,
        response: { 200: TokenShape, ...errors(401, 403, 404) },
      },
    },
    async (request) => {
      const { user } = await requirePasswordCaller(services, request);
      const token = await accessTokens.get(user, request.params.uuid);
      if (token === undefined) throw unknown(request.params.uuid);
      return tokenShape(token);
    },
  );

  app.patch(
    '/v2/access-tokens/:uuid',
    {
      schema: {
        summary: 'Rename an access token, switch it off or on',
        tags: ['access tokens'],
        params: Params,
        body: Type.Object({ token_label: Type.Optional(Label), is_active: Type.Optional(Type.Boolean()) }),
        response: { 200: TokenShape, ...errors(401, 403, 404) },
      },
    },
    async (request) => {
      const { user } = await requirePasswordCaller(services, request);
      const { token_label: label, is_active: isActive } = request.body;
      const token = await accessTokens.update(user, request.params.uuid, { label, isActive });
      if (token === undefined) throw unknown(request.params.uuid);
      return tokenShape(token);
    },
  );

  app.delete(
    '/v2/access-tokens/:uuid',
    {
      schema: {
        summary: 'Delete an access token; what came from it ends with it',
        tags: ['access tokens'],
        params: Params,
        response: { 204: Type.Null(), ...errors(401, 403, 404) },
      },
    },
    async (request, reply) => {
      const { user } = await requirePasswordCaller(services, request);
      if (!(await accessTokens.delete(user, request.params.uuid))) throw unknown(request.params.uuid);
      return reply.code(204).send(null);
    },
  );
}

function tokenShape(token: AccessToken) {
  return {
    uuid: token.id,
    token_label: token.label,
    scopes: [...token.scopes],
    is_active: token.isActive,
    created_at: token.createdAt.toISOString(),
    expires_at: token.expiresAt?.toISOString() ?? null,
    last_used: token.lastUsedAt?.toISOString() ?? null,
  };
}

function unknown(uuid: string): IndexError {
  return new IndexError('ACCESS_TOKEN_UNKNOWN', `Cannot find access token "${uuid.slice(0, 80)}"`, {
    hint: 'list yours with GET /v2/access-tokens',
  });
}
