import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/index` throws. */
export const INDEX_ERRORS = {
  USER_NAME_INVALID: {
    class: 'invalidArgument',
    description: 'The user name breaks the grammar, a length limit, or is reserved',
  },
  USER_NAME_TAKEN: {
    class: 'conflict',
    description: 'Somebody has this name, or repositories are kept under it',
  },
  EMAIL_INVALID: { class: 'invalidArgument', description: 'The text is not a mail address' },
  PASSWORD_INVALID: { class: 'invalidArgument', description: 'The new password is too short or too long' },
  CREDENTIALS_WRONG: {
    class: 'unauthenticated',
    description: 'The name and the password or token do not belong together; which part is wrong is not said',
  },
  SIGN_IN_NEEDED: {
    class: 'unauthenticated',
    description: 'The call needs a signed-in user, or the session has ended',
  },
  TOO_MANY_TRIES: {
    class: 'resourceExhausted',
    description: 'Too many wrong passwords from this address, for this name or in all',
  },
  SIGN_IN_BUSY: {
    class: 'resourceExhausted',
    description: 'More passwords wait to be checked than the queue holds',
  },
  TOO_MANY_SIGN_UPS: {
    class: 'resourceExhausted',
    description: 'Too many accounts were asked for from this address within the hour',
  },
  SIGN_UP_CLOSED: { class: 'denied', description: 'Sign-up is closed on this Hub' },
  SETUP_NEEDED: {
    class: 'failedPrecondition',
    description: 'There is no account yet; the first one is made through the set-up link',
  },
  SETUP_CODE_WRONG: {
    class: 'denied',
    description: 'The code of the set-up link is not the one of the last start, or it was used',
  },
  ORIGIN_WRONG: { class: 'denied', description: 'A browser sent the request from a page of another site' },
  NOT_ALLOWED: { class: 'denied', description: 'The caller is known and may not do this' },
  REPOSITORY_UNKNOWN: {
    class: 'notFound',
    description: 'There is no such repository, or the caller may not know of it',
  },
  REPOSITORY_EXISTS: {
    class: 'conflict',
    description: 'The namespace has a repository of this name already',
  },
  REPOSITORY_NAME_INVALID: {
    class: 'invalidArgument',
    description: 'The namespace or the name of the repository breaks the grammar or a length limit',
  },
  TAG_UNKNOWN: { class: 'notFound', description: 'The repository has no such tag' },
  PAGE_TOO_FAR: {
    class: 'invalidArgument',
    description: 'The page lies too far in to be counted out; go on with `last` instead',
  },
  ACCESS_TOKEN_UNKNOWN: { class: 'notFound', description: 'The caller has no access token of this id' },
  ACCESS_TOKENS_FULL: {
    class: 'failedPrecondition',
    description: 'The user has as many access tokens as one may have',
  },
  EXPIRY_INVALID: { class: 'invalidArgument', description: 'The end of an access token lies in the past' },
  SERVICE_UNKNOWN: {
    class: 'invalidArgument',
    description: 'The token is asked for a service that this Hub is not',
  },
  SCOPE_INVALID: { class: 'invalidArgument', description: 'A scope is not type:name:actions' },
  GRANT_INVALID: {
    class: 'invalidArgument',
    description: 'The token form lacks a field, or its grant_type is neither password nor refresh_token',
  },
  INPUT_INVALID: { class: 'invalidArgument', description: 'A field of the request breaks its schema' },
} as const satisfies ErrorTable;

export type IndexErrorCode = keyof typeof INDEX_ERRORS;

/**
 * `detail.field` names the input that was wrong, `detail.retryAfterSeconds` says when to try again; the HTTP edge
 * reads both.
 */
export class IndexError extends BerthError<IndexErrorCode> {
  constructor(code: IndexErrorCode, message: string, options?: BerthErrorOptions) {
    super(INDEX_ERRORS, code, message, options);
  }
}
