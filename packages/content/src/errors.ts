import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/content` throws. */
export const CONTENT_ERRORS = {
  INGEST_ID_INVALID: {
    class: 'invalidArgument',
    description: 'The id of an ingest is not 1 to 128 letters, digits, "-" or "_"',
  },
  INGEST_EXISTS: { class: 'conflict', description: 'There is an ingest with this id already' },
  INGEST_UNKNOWN: { class: 'notFound', description: 'There is no ingest with this id' },
  INGEST_BUSY: { class: 'conflict', description: 'Somebody else has this ingest open' },
  INGEST_CLOSED: {
    class: 'failedPrecondition',
    description: 'The ingest was committed, aborted or closed before this call',
  },
  BLOB_TOO_LARGE: { class: 'tooLarge', description: 'The bytes go beyond the limit that was set for them' },
  BLOB_LEASED: { class: 'conflict', description: 'The blob cannot be removed: somebody is about to use it' },
  BLOB_CORRUPT: {
    class: 'dataLoss',
    description: 'The stored bytes of a blob are fewer than when it was committed',
  },
  RANGE_INVALID: { class: 'outOfRange', description: 'The blob does not have the bytes that were asked for' },
  DISK_FULL: {
    class: 'resourceExhausted',
    description: 'The disk under the store is full, or a quota or the largest file size is reached',
  },
} as const satisfies ErrorTable;

export type ContentErrorCode = keyof typeof CONTENT_ERRORS;

export class ContentError extends BerthError<ContentErrorCode> {
  constructor(code: ContentErrorCode, message: string, options?: BerthErrorOptions) {
    super(CONTENT_ERRORS, code, message, options);
  }
}
