import type { RepositoryName } from '@berth/oci';
import { RegistryError } from '../../errors.ts';
import type { Exchange } from '../exchange.ts';
import { listPage, nextLink, readPage } from '../pagination.ts';
import type { Services } from '../services.ts';

export async function ping(_services: Services, exchange: Exchange): Promise<void> {
  exchange.sendJson(200, {}, {});
}

/** `GET /v2/_catalog`: every repository, for those whom the authorizer lets see them all. */
export async function listRepositories(services: Services, exchange: Exchange): Promise<void> {
  const page = readPage(exchange, services.limits.pageSize);
  const { names, next } = await listPage(page, services.store.reads.repositoryNames);
  const link = next === undefined ? {} : nextLink(exchange.path, { n: String(page.limit), last: next });
  exchange.sendJson(200, link, { repositories: names });
}

export async function listTags(services: Services, exchange: Exchange, name: RepositoryName): Promise<void> {
  const page = readPage(exchange, services.limits.pageSize);
  const { reads } = services.store;
  const id = await reads.repositoryId(name);
  if (id === undefined) throw nameUnknown(name);
  const { names, next } = await listPage(page, (each) => reads.tagNames({ id, ...each }));
  const link = next === undefined ? {} : nextLink(exchange.path, { n: String(page.limit), last: next });
  exchange.sendJson(200, link, { name, tags: names });
}

export function nameUnknown(name: RepositoryName): RegistryError {
  return new RegistryError('NAME_UNKNOWN', `Cannot find repository "${name}"`, {
    hint: 'Check the name; a repository begins with its first push',
    detail: { name },
  });
}
