import { createMemoryEventLog, type MemoryEventLog } from '@berth/events';
import { digestBytes, isRepositoryName } from '@berth/oci';
import type { RegistryQueries, RepositoryInfo, TagInfo } from '@berth/registry';

export interface MemoryRegistry {
  readonly events: MemoryEventLog;
  readonly queries: RegistryQueries;
  /** Makes the repository when it is not there, and lets the tag name something new. @returns the repository's id */
  push(repository: string, tag: string): Promise<string>;
  deleteRepository(repository: string): Promise<void>;
}

/** What the Index sees of a registry, without bytes: rows in memory and the events that go with them. */
export function createMemoryRegistry(): MemoryRegistry {
  const events = createMemoryEventLog();
  const repositories = new Map<string, RepositoryInfo>();
  const tags = new Map<string, Map<string, TagInfo>>();
  let made = 0;

  const byName = (info: { readonly name: string }, other: { readonly name: string }) =>
    info.name < other.name ? -1 : 1;
  const counted = (info: RepositoryInfo | undefined) =>
    info === undefined ? undefined : { ...info, tagCount: tags.get(info.id)?.size ?? 0 };

  const queries: RegistryQueries = {
    async repository(by) {
      return counted(
        [...repositories.values()].find((info) => ('id' in by ? info.id === by.id : info.name === by.name)),
      );
    },
    async repositories({ after = '', limit, namespace }) {
      return [...repositories.values()]
        .filter(({ name }) => name > after && (namespace === undefined || name.startsWith(`${namespace}/`)))
        .sort(byName)
        .slice(0, limit);
    },
    async tags(repositoryId, { after = '', limit }) {
      const all = [...(tags.get(repositoryId)?.values() ?? [])];
      return all
        .filter(({ name }) => name > after)
        .sort(byName)
        .slice(0, limit);
    },
    async tag(repositoryId, tag) {
      return tags.get(repositoryId)?.get(tag);
    },
  };

  return {
    events,
    queries,
    async push(repository, tag) {
      if (!isRepositoryName(repository)) throw new Error(`"${repository}" is no repository name`);
      const pushedAt = new Date();
      const known = repositories.get(repository);
      made += 1;
      const id = known?.id ?? `registry-${made}`;
      const actor = 'tester';
      if (known === undefined) {
        repositories.set(repository, {
          id,
          name: repository,
          createdAt: pushedAt,
          updatedAt: pushedAt,
          tagCount: 0,
        });
        tags.set(id, new Map());
        await events.append({ type: 'repository.created', repositoryId: id, repository, actor });
      }
      const digest = digestBytes(`${repository} ${tag} ${made}`);
      const mediaType = 'application/vnd.oci.image.manifest.v1+json';
      const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
      const images = [{ digest, platform, size: 1000 }];
      tags.get(id)?.set(tag, { name: tag, digest, mediaType, size: 1000, images, pushedAt, pushedBy: actor });
      await events.append({ type: 'tag.moved', repositoryId: id, repository, tag, digest, actor });
      return id;
    },
    async deleteRepository(repository) {
      const id = repositories.get(repository)?.id ?? '';
      repositories.delete(repository);
      await events.append({ type: 'repository.deleted', repositoryId: id, repository, actor: 'tester' });
    },
  };
}
