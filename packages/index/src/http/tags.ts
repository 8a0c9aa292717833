import { isTag } from '@berth/oci';
import type { TagInfo } from '@berth/registry';
import { Type } from 'typebox';
import { IndexError } from '../errors.ts';
import { tagPage } from '../repositories/tag-pages.ts';
import type { App, Services } from './app.ts';
import { identify } from './callers.ts';
import { pageLinks, withPage } from './paging.ts';
import { errors, PageQuery, pageOf } from './shapes.ts';
import { visibleRepository } from './visible-repository.ts';

const ImageShape = Type.Object({
  architecture: Type.String(),
  os: Type.String(),
  variant: Type.Union([Type.String(), Type.Null()]),
  os_version: Type.Union([Type.String(), Type.Null()]),
  digest: Type.String(),
  size: Type.Integer({ description: 'Compressed bytes' }),
});
const TagShape = Type.Object({
  name: Type.String(),
  digest: Type.String(),
  media_type: Type.String(),
  full_size: Type.Integer({ description: 'Compressed bytes, of all platforms together' }),
  images: Type.Array(ImageShape),
  last_updated: Type.String({ format: 'date-time' }),
  last_updater_username: Type.String(),
  tag_last_pushed: Type.String({ format: 'date-time' }),
});

const RepositoryParams = Type.Object({
  namespace: Type.String({ maxLength: 255 }),
  repository: Type.String({ maxLength: 255 }),
});
const TagParams = Type.Object({ ...RepositoryParams.properties, tag: Type.String({ maxLength: 255 }) });

/** Tags of a repository, by name; read from the registry, kept nowhere else. */
export function tagRoutes(app: App, services: Services): void {
  const { registryQueries } = services;

  for (const [url, hide] of [
    ['/v2/namespaces/:namespace/repositories/:repository/tags', false],
    ['/v2/repositories/:namespace/:repository/tags', true],
  ] as const) {
    app.get(
      url,
      {
        schema: {
          summary: 'The tags of a repository, by name',
          tags: ['repositories'],
          hide,
          params: RepositoryParams,
          querystring: Type.Object({
            ...PageQuery,
            last: Type.Optional(Type.String({ description: 'Names after this one, wherever the page lies' })),
          }),
          response: { 200: pageOf(TagShape), ...errors(401, 404) },
        },
      },
      async (request) => {
        const caller = await identify(services, request);
        const { registryId } = await visibleRepository(services, caller, request.params);
        if (registryId === undefined) return { count: 0, next: null, previous: null, results: [] };
        const { page, page_size: pageSize, last } = request.query;
        const [tags, info] = await Promise.all([
          tagPage(registryQueries, registryId, { page, pageSize, last }),
          registryQueries.repository({ id: registryId }),
        ]);
        const count = info?.tagCount ?? 0;
        const url = new URL(request.url, services.requestContext(request.raw).baseUrl);
        const end = tags.at(-1);
        const links = pageLinks(url, { page, pageSize, count });
        const previous = last === undefined ? links.previous : null;
        const hasMore = end !== undefined && tags.length === pageSize && links.next !== null;
        return {
          count,
          next: hasMore ? withPage(url, page + 1, { last: end.name }) : null,
          previous,
          results: tags.map(tagShape),
        };
      },
    );
  }

  for (const [url, hide] of [
    ['/v2/namespaces/:namespace/repositories/:repository/tags/:tag', false],
    ['/v2/repositories/:namespace/:repository/tags/:tag', true],
  ] as const) {
    app.get(
      url,
      {
        schema: {
          summary: 'One tag',
          tags: ['repositories'],
          hide,
          params: TagParams,
          response: { 200: TagShape, ...errors(401, 404) },
        },
      },
      async (request) => {
        const caller = await identify(services, request);
        const { registryId } = await visibleRepository(services, caller, request.params);
        const { namespace, repository, tag } = request.params;
        const found =
          registryId === undefined || !isTag(tag) ? undefined : await registryQueries.tag(registryId, tag);
        if (found !== undefined) return tagShape(found);
        throw new IndexError(
          'TAG_UNKNOWN',
          `Cannot find tag "${tag.slice(0, 160)}" of "${namespace}/${repository}"`,
          {
            hint: 'list the tags of the repository',
          },
        );
      },
    );
  }
}

function tagShape(tag: TagInfo) {
  return {
    name: tag.name,
    digest: tag.digest,
    media_type: tag.mediaType,
    full_size: tag.size,
    images: tag.images.map(({ digest, platform, size }) => ({
      architecture: platform.architecture,
      os: platform.os,
      variant: platform.variant ?? null,
      os_version: platform['os.version'] ?? null,
      digest,
      size,
    })),
    last_updated: tag.pushedAt.toISOString(),
    last_updater_username: tag.pushedBy,
    tag_last_pushed: tag.pushedAt.toISOString(),
  };
}
