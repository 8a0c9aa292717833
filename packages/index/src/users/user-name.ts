import { RESERVED_NAMESPACES } from '@berth/registry';
import { IndexError } from '../errors.ts';
import { RESERVED_USER_NAMES } from './reserved-user-names.ts';

declare const brand: unique symbol;
/** A user's name, which is also the first path segment of the user's repositories. */
export type UserName = string & { readonly [brand]: 'UserName' };

const MIN_LENGTH = 2;
const MAX_LENGTH = 39;
/** One path segment of a repository name: distribution-spec v1.1, "Pulling manifests". */
const SEGMENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const RESERVED = new Set([...RESERVED_NAMESPACES, ...RESERVED_USER_NAMES]);

/** @throws {IndexError} `USER_NAME_INVALID` */
export function parseUserName(text: string): UserName {
  if (text.length < MIN_LENGTH || text.length > MAX_LENGTH) {
    fail(text, `its length is ${text.length}, ${MIN_LENGTH} to ${MAX_LENGTH} characters are allowed`);
  }
  if (!SEGMENT.test(text)) {
    fail(
      text,
      /[A-Z]/.test(text)
        ? 'it has upper-case letters'
        : 'only lower-case letters and digits are allowed, with ".", "_", "__" or "-" between them',
    );
  }
  if (RESERVED.has(text)) fail(text, 'it is reserved');
  return text as UserName;
}

function fail(text: string, reason: string): never {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  throw new IndexError('USER_NAME_INVALID', `Cannot use user name "${shown}": ${reason}`, {
    hint: 'choose a name such as "alice" or "build-bot"',
    detail: { field: 'username' },
  });
}
