import { type ArchiveEntry, formatReference, isTag, OciError, parseReference } from '@berth/oci';

/** The tag of a `RepoTags` name. */
export function tagOf(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1);
}

/**
 * The image that a user's word means: a whole name (`debian:13`, `docker.io/library/debian:13`), `@2` for the
 * third image, or a tag that one image alone has.
 */
export function findImage(entries: readonly ArchiveEntry[], wanted: string): ArchiveEntry | undefined {
  const position = /^@(\d{1,4})$/.exec(wanted)?.[1];
  if (position !== undefined) return entries[Number(position)];
  const whole = fullName(wanted);
  const byName = entries.find(({ RepoTags }) =>
    RepoTags.some((name) => name === wanted || fullName(name) === whole),
  );
  if (byName !== undefined) return byName;
  const byTag = isTag(wanted)
    ? entries.filter(({ RepoTags }) => RepoTags.some((name) => tagOf(name) === wanted))
    : [];
  return byTag.length === 1 ? byTag[0] : undefined;
}

/** Written out in full, so that short and long forms compare; `undefined` for what is no name. */
function fullName(name: string): string | undefined {
  try {
    return formatReference(parseReference(name, { defaultTag: 'latest' }));
  } catch (error) {
    if (error instanceof OciError) return undefined;
    throw error;
  }
}
