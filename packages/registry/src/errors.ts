import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/**
 * Every code that the registry sends. The first block is the specification's table (distribution-spec v1.1,
 * "Error Codes"), the second Docker's, the third ours. `http/status.ts` has the HTTP status of each class.
 */
export const REGISTRY_ERRORS = {
  BLOB_UNKNOWN: { class: 'notFound', description: 'The repository has no blob of this digest' },
  BLOB_UPLOAD_INVALID: { class: 'conflict', description: 'The upload session is in use by another request' },
  BLOB_UPLOAD_UNKNOWN: {
    class: 'notFound',
    description: 'There is no such upload session: finished, cancelled, too old, or of somebody else',
  },
  DIGEST_INVALID: {
    class: 'invalidArgument',
    description: 'The digest is missing, malformed, of an unknown algorithm, or not that of the bytes',
  },
  MANIFEST_BLOB_UNKNOWN: {
    class: 'invalidArgument',
    description: 'The manifest names a blob or manifest that the repository does not have',
  },
  MANIFEST_INVALID: {
    class: 'invalidArgument',
    description: 'The manifest is not of the shape its media type asks for, or its media type is unknown',
  },
  MANIFEST_UNKNOWN: {
    class: 'notFound',
    description: 'The repository has no manifest of this tag or digest',
  },
  NAME_INVALID: {
    class: 'invalidArgument',
    description: 'The repository name breaks the grammar, is too long, or begins with a reserved segment',
  },
  NAME_UNKNOWN: { class: 'notFound', description: 'There is no such repository' },
  SIZE_INVALID: { class: 'invalidArgument', description: 'There are fewer or more bytes than announced' },
  UNAUTHORIZED: { class: 'unauthenticated', description: 'Credentials are missing, wrong, or have run out' },
  DENIED: { class: 'denied', description: 'The caller is known and may not do this' },
  UNSUPPORTED: {
    class: 'unsupported',
    description: 'There is no such endpoint, or it does not know this method',
  },
  TOOMANYREQUESTS: {
    class: 'resourceExhausted',
    description: 'Too many requests or too many wrong passwords; Retry-After says when to come back',
  },

  TAG_INVALID: {
    class: 'invalidArgument',
    description: 'The tag breaks the grammar or is longer than 128 characters',
  },
  PAGINATION_NUMBER_INVALID: {
    class: 'invalidArgument',
    description: 'The page size "n" is not a whole number of 0 or more',
  },
  RANGE_INVALID: {
    class: 'outOfRange',
    description: 'The bytes do not continue where the upload stands, or the range is not in the blob',
  },
  UNAVAILABLE: {
    class: 'unavailable',
    description: 'The registry cannot answer now; the same request may succeed later',
  },

  TOO_LARGE: { class: 'tooLarge', description: 'The manifest or blob is larger than this registry takes' },
  STORAGE_FULL: { class: 'resourceExhausted', description: 'The disk of the registry is full' },
  REQUEST_TIMEOUT: {
    class: 'cancelled',
    description: 'No byte of the body came for too long; what came before is kept',
  },
  UNKNOWN: { class: 'internal', description: 'A fault of the registry; its log says more' },
} as const satisfies ErrorTable;

export type RegistryErrorCode = keyof typeof REGISTRY_ERRORS;

export interface RegistryErrorOptions extends BerthErrorOptions {
  /** Further findings of the same request, each its own entry in the answer. */
  readonly also?: readonly RegistryError[];
}

export class RegistryError extends BerthError<RegistryErrorCode> {
  readonly also: readonly RegistryError[];

  constructor(code: RegistryErrorCode, message: string, options: RegistryErrorOptions = {}) {
    super(REGISTRY_ERRORS, code, message, options);
    this.also = options.also ?? [];
  }
}
