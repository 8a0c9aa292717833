import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { IndexError } from '../errors.ts';
import { allowedActions, ownsNamespace } from '../repositories/permissions.ts';
import type { Repository } from '../repositories/repositories.ts';
import type { Principal } from '../sessions/principal.ts';
import type { App, Services } from './app.ts';
import { identify, requireCaller } from './callers.ts';
import { pageLinks } from './paging.ts';
import { errors, PageQuery, pageOf } from './shapes.ts';
import { visibleRepository } from './visible-repository.ts';

const Description = Type.String({ maxLength: 100 });
const FullDescription = Type.String({ maxLength: 25_000 });
const Order = Type.Union([
  Type.Literal('name'),
  Type.Literal('-name'),
  Type.Literal('last_updated'),
  Type.Literal('-last_updated'),
]);

const rowFields = {
  name: Type.String(),
  namespace: Type.String(),
  repository_type: Type.Literal('image'),
  description: Type.String(),
  is_private: Type.Boolean(),
  date_registered: Type.String({ format: 'date-time' }),
  last_updated: Type.String({ format: 'date-time' }),
};
const RowShape = Type.Object(rowFields);
const RepositoryShape = Type.Object({
  ...rowFields,
  full_description: Type.String(),
  permissions: Type.Object({ read: Type.Boolean(), write: Type.Boolean(), admin: Type.Boolean() }),
});

const ListQuery = Type.Object({
  ...PageQuery,
  name: Type.Optional(Type.String({ maxLength: 255, description: 'Part of the name' })),
  ordering: Type.Union([Order], { default: '-last_updated' }),
});
const NamespaceParams = Type.Object({ namespace: Type.String({ maxLength: 255 }) });
const RepositoryParams = Type.Object({
  namespace: Type.String({ maxLength: 255 }),
  repository: Type.String({ maxLength: 255, description: 'Slashes in it are escaped: team%2Fapp' }),
});

/** Repositories as people see them: lists, visibility, description. */
export function repositoryRoutes(app: App, services: Services): void {
  const { repositories } = services;

  app.get(
    '/api/repositories',
    {
      schema: {
        summary: 'Every repository that the caller may see, newest first',
        tags: ['repositories'],
        querystring: ListQuery,
        response: { 200: pageOf(RowShape), ...errors(401) },
      },
    },
    async (request) => list(request, request.query, undefined),
  );

  for (const [url, hide] of [
    ['/v2/namespaces/:namespace/repositories', false],
    ['/v2/repositories/:namespace', true],
  ] as const) {
    app.get(
      url,
      {
        schema: {
          summary: 'The repositories of a namespace that the caller may see',
          tags: ['repositories'],
          hide,
          params: NamespaceParams,
          querystring: ListQuery,
          response: { 200: pageOf(RowShape), ...errors(401) },
        },
      },
      async (request) => list(request, request.query, request.params.namespace),
    );
  }

  app.post(
    '/v2/namespaces/:namespace/repositories',
    {
      schema: {
        summary: 'Make a repository before its first push',
        tags: ['repositories'],
        params: NamespaceParams,
        body: Type.Object({
          name: Type.String({ minLength: 1, maxLength: 255 }),
          description: Type.Optional(Description),
          full_description: Type.Optional(FullDescription),
          is_private: Type.Optional(Type.Boolean()),
        }),
        response: { 201: RepositoryShape, ...errors(401, 403, 409) },
      },
    },
    async (request, reply) => {
      const caller = await requireCaller(services, request);
      const { namespace } = request.params;
      if (!ownsNamespace(caller, namespace) || !['all', 'repo:admin', 'repo:write'].includes(caller.scope)) {
        throw new IndexError(
          'NOT_ALLOWED',
          `Cannot create a repository in "${namespace.slice(0, 80)}": the namespace is not yours`,
          { hint: `use your own, "${caller.user.name}"`, detail: { field: 'namespace' } },
        );
      }
      const { name, description, full_description: fullDescription, is_private: isPrivate } = request.body;
      const made = await repositories.create({ namespace, name, description, fullDescription, isPrivate });
      reply.code(201);
      return repositoryShape(made, caller);
    },
  );

  for (const [url, hide] of [
    ['/v2/namespaces/:namespace/repositories/:repository', false],
    ['/v2/repositories/:namespace/:repository', true],
  ] as const) {
    app.get(
      url,
      {
        schema: {
          summary: 'One repository; private ones look unknown to those who may not see them',
          tags: ['repositories'],
          hide,
          params: RepositoryParams,
          response: { 200: RepositoryShape, ...errors(401, 404) },
        },
      },
      async (request) => {
        const caller = await identify(services, request);
        return repositoryShape(await visibleRepository(services, caller, request.params), caller);
      },
    );
  }

  app.patch(
    '/v2/namespaces/:namespace/repositories/:repository',
    {
      schema: {
        summary: 'Change the description or the visibility',
        tags: ['repositories'],
        params: RepositoryParams,
        body: Type.Object({
          description: Type.Optional(Description),
          full_description: Type.Optional(FullDescription),
          is_private: Type.Optional(Type.Boolean()),
        }),
        response: { 200: RepositoryShape, ...errors(401, 403, 404) },
      },
    },
    async (request) => {
      const caller = await requireCaller(services, request);
      const repository = await visibleRepository(services, caller, request.params);
      if (!permissions(repository, caller).admin) {
        throw new IndexError(
          'NOT_ALLOWED',
          `Cannot change "${repository.namespace}/${repository.name}": only its owner and administrators may`,
          { hint: 'sign in as its owner' },
        );
      }
      const { description, full_description: fullDescription, is_private: isPrivate } = request.body;
      const changed = await repositories.update(
        repository,
        { description, fullDescription, isPrivate },
        { actor: caller.user.name },
      );
      return repositoryShape(changed, caller);
    },
  );

  async function list(
    request: FastifyRequest,
    query: {
      readonly page: number;
      readonly page_size: number;
      readonly name?: string;
      readonly ordering: 'name' | '-name' | 'last_updated' | '-last_updated';
    },
    namespace: string | undefined,
  ) {
    const viewer = await identify(services, request);
    const { page, page_size: pageSize, name, ordering: order } = query;
    const found = await repositories.list({
      ...{ viewer, namespace, name, order },
      offset: (page - 1) * pageSize,
      limit: pageSize,
    });
    const url = new URL(request.url, services.requestContext(request.raw).baseUrl);
    return {
      count: found.count,
      ...pageLinks(url, { page, pageSize, count: found.count }),
      results: found.repositories.map(rowShape),
    };
  }
}

function rowShape(repository: Repository) {
  return {
    name: repository.name,
    namespace: repository.namespace,
    repository_type: 'image' as const,
    description: repository.description,
    is_private: repository.isPrivate,
    date_registered: repository.createdAt.toISOString(),
    last_updated: repository.updatedAt.toISOString(),
  };
}

function repositoryShape(repository: Repository, caller: Principal | undefined) {
  return {
    ...rowShape(repository),
    full_description: repository.fullDescription,
    permissions: permissions(repository, caller),
  };
}

function permissions(repository: Repository, caller: Principal | undefined) {
  const actions = allowedActions(caller, repository);
  return { read: actions.has('pull'), write: actions.has('push'), admin: actions.has('delete') };
}
