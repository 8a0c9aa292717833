import type { ApiImageSummary } from '@berth/engine';
import { humanSize } from './sizes.ts';
import { type Column, shortId } from './table.ts';
import { ago, goTime } from './times.ts';

/** A name of an image; an image has as many rows as names. */
export interface ImageRow {
  readonly image: ApiImageSummary;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

const NONE = '<none>';

/** Of `docker images`, the id among them where it stands. */
export function imageColumns(options: {
  readonly isWhole: boolean;
  readonly hasDigests: boolean;
}): readonly Column<ImageRow>[] {
  const { isWhole, hasDigests } = options;
  const digest: Column<ImageRow> = {
    name: 'Digest',
    heading: hasDigests ? 'DIGEST' : undefined,
    cell: (row) => row.digest,
  };
  return [
    { name: 'Repository', heading: 'REPOSITORY', cell: ({ repository }) => repository },
    { name: 'Tag', heading: 'TAG', cell: ({ tag }) => tag },
    digest,
    imageIdColumn(isWhole),
    {
      name: 'CreatedSince',
      heading: 'CREATED',
      cell: ({ image }) => ago(new Date(image.Created * 1000)),
    },
    { name: 'Size', heading: 'SIZE', cell: ({ image }) => humanSize(image.Size, 3) },
    { name: 'CreatedAt', heading: undefined, cell: ({ image }) => goTime(new Date(image.Created * 1000)) },
    { name: 'Containers', heading: undefined, cell: ({ image }) => knownCount(image.Containers) },
    { name: 'SharedSize', heading: undefined, cell: ({ image }) => knownSize(image.SharedSize) },
    {
      name: 'UniqueSize',
      heading: undefined,
      cell: ({ image }) => (image.SharedSize < 0 ? 'N/A' : humanSize(image.Size - image.SharedSize)),
    },
    { name: 'VirtualSize', heading: undefined, cell: ({ image }) => humanSize(image.Size) },
  ];
}

export function imageIdColumn(isWhole: boolean): Column<ImageRow> {
  return { name: 'ID', heading: 'IMAGE ID', cell: ({ image }) => (isWhole ? image.Id : shortId(image.Id)) };
}

/** One row per tag; with digests one per tag and digest of a repository; what has no tag has one row all the same. */
export function imageRows(
  images: readonly ApiImageSummary[],
  { hasDigests }: { readonly hasDigests: boolean },
): readonly ImageRow[] {
  return images.flatMap((image) => rowsOf(image, hasDigests));
}

function rowsOf(image: ApiImageSummary, hasDigests: boolean): ImageRow[] {
  const tags = byRepository(image.RepoTags ?? [], ':');
  const digests = byRepository(image.RepoDigests ?? [], '@');
  const rows: ImageRow[] = [];
  for (const [repository, own] of tags) {
    const known = digests.get(repository) ?? [];
    digests.delete(repository);
    for (const tag of own) {
      if (!hasDigests || known.length === 0) rows.push({ image, repository, tag, digest: NONE });
      else for (const digest of known) rows.push({ image, repository, tag, digest });
    }
  }
  for (const [repository, own] of digests) {
    if (!hasDigests) rows.push({ image, repository, tag: NONE, digest: NONE });
    else for (const digest of own) rows.push({ image, repository, tag: NONE, digest });
  }
  return rows.length > 0 ? rows : [{ image, repository: NONE, tag: NONE, digest: NONE }];
}

function byRepository(names: readonly string[], mark: ':' | '@'): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const at = name.lastIndexOf(mark);
    const repository = name.slice(0, at);
    groups.set(repository, [...(groups.get(repository) ?? []), name.slice(at + 1)]);
  }
  return groups;
}

function knownCount(count: number): string {
  return count < 0 ? 'N/A' : String(count);
}

function knownSize(size: number): string {
  return size < 0 ? 'N/A' : humanSize(size);
}
