import { OciError } from './errors.ts';

declare const brand: unique symbol;

/** A name that may move from one manifest to another. @see distribution-spec v1.1 spec.md#pulling-manifests */
export type Tag = string & { readonly [brand]: 'Tag' };

export const TAG_MAX_LENGTH = 128;

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export function isTag(text: string): text is Tag {
  return TAG.test(text);
}

/** @throws {OciError} `TAG_INVALID` */
export function parseTag(text: string): Tag {
  if (isTag(text)) return text;
  const shown = text.length > 160 ? `${text.slice(0, 160)}…` : text;
  throw new OciError('TAG_INVALID', `Cannot use tag "${shown}": ${brokenRule(text)}`, {
    hint: `Use 1 to ${TAG_MAX_LENGTH} of a-z, A-Z, 0-9, "_", "." and "-", the first not "." or "-"`,
    detail: { tag: shown },
  });
}

function brokenRule(text: string): string {
  if (text === '') return 'it is empty';
  if (text.length > TAG_MAX_LENGTH)
    return `it has ${text.length} characters, at most ${TAG_MAX_LENGTH} are allowed`;
  if (/^[.-]/.test(text)) return `it begins with "${text[0]}"`;
  return 'it has a character that is not allowed';
}
