import { OciError } from './errors.ts';

declare const brand: unique symbol;

/** Path of a repository without its host, e.g. `library/debian`. @see distribution-spec v1.1 spec.md#pulling-manifests */
export type RepositoryName = string & { readonly [brand]: 'RepositoryName' };

/** Many clients hold host and path together to 255; the path alone is held to it here. */
export const REPOSITORY_NAME_MAX_LENGTH = 255;

const SEGMENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

export function isRepositoryName(text: string): text is RepositoryName {
  return (
    text.length <= REPOSITORY_NAME_MAX_LENGTH && text.split('/').every((segment) => SEGMENT.test(segment))
  );
}

/** @throws {OciError} `NAME_INVALID` with the rule that is broken and, where there is one, a name that would do */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text;
  const { rule, suggestion } = brokenRule(text);
  const shown = text.length > 160 ? `${text.slice(0, 160)}…` : text;
  throw new OciError('NAME_INVALID', `Cannot use repository name "${shown}": ${rule}`, {
    hint:
      suggestion === undefined
        ? 'Use segments of a-z and 0-9, joined inside by ".", "_", "__" or "-" and separated by "/", as in "team/my-app"'
        : `Use "${suggestion}"`,
    detail: { name: shown, rule, ...(suggestion === undefined ? {} : { suggestion }) },
  });
}

interface BrokenRule {
  readonly rule: string;
  readonly suggestion?: string;
}

function brokenRule(text: string): BrokenRule {
  if (text === '') return { rule: 'it is empty' };
  if (text.length > REPOSITORY_NAME_MAX_LENGTH) {
    return { rule: `it has ${text.length} characters, at most ${REPOSITORY_NAME_MAX_LENGTH} are allowed` };
  }
  const rule = brokenCharacters(text) ?? brokenSegment(text);
  const suggestion = text
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '')
    .join('/');
  return isRepositoryName(suggestion) ? { rule, suggestion } : { rule };
}

function brokenCharacters(text: string): string | undefined {
  if (/[A-Z]/.test(text)) return 'upper case letters are not allowed';
  const bad = /[^a-z0-9._/-]/u.exec(text)?.[0];
  if (bad === undefined) return undefined;
  if (bad === ' ') return 'a space is not allowed';
  return /\p{C}|\p{Z}/u.test(bad)
    ? `the character U+${(bad.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')} is not allowed`
    : `the character "${bad}" is not allowed`;
}

function brokenSegment(text: string): string {
  if (text.startsWith('/') || text.endsWith('/')) return 'it begins or ends with "/"';
  if (text.includes('//')) return 'it has an empty segment ("//")';
  const segment = text.split('/').find((each) => !SEGMENT.test(each)) ?? text;
  if (/^[._-]|[._-]$/.test(segment))
    return `the segment "${segment}" must begin and end with a letter or digit`;
  return `the segment "${segment}" has separators side by side; only "__" and runs of "-" may stand together`;
}
