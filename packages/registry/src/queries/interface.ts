/**
 * What the rooms above may ask the registry: pages of rows, never bytes. The Index and the pages of the Hub see
 * repositories and tags through this alone; they join nothing across.
 */
import type { Digest, Platform, RepositoryName } from '@berth/oci';

export interface RepositoryInfo {
  /** Immutable; names may change, ids do not. */
  readonly id: string;
  readonly name: RepositoryName;
  readonly createdAt: Date;
  /** Of the newest push or tag move. */
  readonly updatedAt: Date;
  readonly tagCount: number;
}

export interface TagInfo {
  readonly name: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** Compressed bytes of all layers and the config; of all platforms for an index. Sparse children count 0. */
  readonly size: number;
  /** One entry for an image, one per child for an index; attestations (`unknown/unknown`) are left out. */
  readonly images: readonly TagImage[];
  readonly pushedAt: Date;
  readonly pushedBy: string;
}

export interface TagImage {
  readonly digest: Digest;
  readonly platform: Platform;
  readonly size: number;
}

export interface Page {
  /** Names after this one. */
  readonly after?: string;
  /** 1 to 1000. */
  readonly limit: number;
}

export interface RegistryQueries {
  repository(
    by: { readonly name: RepositoryName } | { readonly id: string },
  ): Promise<RepositoryInfo | undefined>;
  /** By name, ascending; `namespace` is the part before the first slash. */
  repositories(page: Page & { readonly namespace?: string }): Promise<readonly RepositoryInfo[]>;
  /** By name, ascending. */
  tags(repositoryId: string, page: Page): Promise<readonly TagInfo[]>;
  tag(repositoryId: string, tag: string): Promise<TagInfo | undefined>;
}
