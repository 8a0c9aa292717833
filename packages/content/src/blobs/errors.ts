/** The errors that every blob store gives in the same words. */
import { type Digest, OciError } from '@berth/oci';
import { ContentError } from '../errors.ts';
import type { ByteRange } from './interface.ts';

const INGEST_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** An id becomes the name of a file: no dots, no separators. @throws {ContentError} `INGEST_ID_INVALID` */
export function assertIngestId(id: string): void {
  if (INGEST_ID.test(id)) return;
  throw new ContentError('INGEST_ID_INVALID', `Cannot use "${id.slice(0, 160)}" as the id of an ingest`, {
    hint: 'Use 1 to 128 letters, digits, "-" and "_", for instance a UUID',
  });
}

export function ingestExists(id: string): ContentError {
  return new ContentError('INGEST_EXISTS', `Cannot start the ingest "${id}": it exists already`, {
    hint: 'Resume it, or use a new id',
  });
}

export function ingestUnknown(id: string): ContentError {
  return new ContentError('INGEST_UNKNOWN', `Cannot resume the ingest "${id}": there is none`, {
    hint: 'Start a new one',
  });
}

export function ingestBusy(id: string): ContentError {
  return new ContentError('INGEST_BUSY', `Cannot resume the ingest "${id}": somebody has it open`, {
    hint: 'Wait until the other transfer has ended, then try again',
  });
}

export function ingestClosed(id: string, action: string): ContentError {
  return new ContentError('INGEST_CLOSED', `Cannot ${action} the ingest "${id}": it is closed`, {
    hint: 'Resume it if it was neither committed nor aborted; else start a new one',
  });
}

export function blobTooLarge(id: string, maxSizeBytes: number): ContentError {
  return new ContentError(
    'BLOB_TOO_LARGE',
    `Cannot add to the ingest "${id}": it would have more than ${maxSizeBytes} bytes, which is the limit`,
    { detail: { maxSizeBytes } },
  );
}

export function blobLeased(digest: Digest): ContentError {
  return new ContentError('BLOB_LEASED', `Cannot remove the blob "${digest}": a lease names it`, {
    hint: 'Try again when the transfers that use it have ended',
    detail: { digest },
  });
}

/** @throws {OciError} `SIZE_MISMATCH` */
export function assertSize(actual: number, expected: number | undefined): void {
  if (expected === undefined || actual === expected) return;
  throw new OciError('SIZE_MISMATCH', `Cannot commit blob: expected ${expected} bytes, got ${actual}`, {
    hint: 'Send the blob again from the start',
    detail: { expected, actual },
  });
}

/** @throws {OciError} `DIGEST_MISMATCH` */
export function assertDigest(actual: Digest, expected: Digest | undefined): void {
  if (expected === undefined || actual === expected) return;
  throw new OciError(
    'DIGEST_MISMATCH',
    `Cannot commit blob: expected digest "${expected}", got "${actual}"`,
    {
      hint: 'The bytes were changed on the way or the digest is of something else; send them again',
      detail: { expected, actual },
    },
  );
}

/** @returns the range as it is read; the whole blob when none was asked for @throws {ContentError} `RANGE_INVALID` */
export function checkRange(
  range: ByteRange | undefined,
  options: { readonly digest: Digest; readonly size: number },
): ByteRange {
  const { digest, size } = options;
  if (range === undefined) return { first: 0, last: size - 1 };
  const { first, last } = range;
  const isSound = Number.isSafeInteger(first) && Number.isSafeInteger(last) && 0 <= first && first <= last;
  if (isSound && last < size) return range;
  throw new ContentError(
    'RANGE_INVALID',
    `Cannot read the bytes ${first}-${last} of "${digest}": it has ${size} bytes`,
    { detail: { first, last, size } },
  );
}
