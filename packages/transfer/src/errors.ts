import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/transfer` throws. */
export const TRANSFER_ERRORS = {
  LOCATION_INVALID: {
    class: 'invalidArgument',
    description: 'The text names no registry, layout or archive',
  },
  REFERENCE_AMBIGUOUS: {
    class: 'invalidArgument',
    description: 'There is more than one image and none was named',
  },
  MANIFEST_UNKNOWN: { class: 'notFound', description: 'No manifest has this tag or digest' },
  BLOB_UNKNOWN: { class: 'notFound', description: 'The blob is not there' },
  REPOSITORY_UNKNOWN: { class: 'notFound', description: 'The registry has no such repository' },
  PLATFORM_UNKNOWN: { class: 'notFound', description: 'The index has no image for this platform' },
  UNAUTHENTICATED: {
    class: 'unauthenticated',
    description: 'The registry does not accept the name or the password or token',
  },
  DENIED: { class: 'denied', description: 'The registry knows the caller and refuses the action' },
  PLAIN_HTTP_REFUSED: {
    class: 'failedPrecondition',
    description: 'Plain HTTP beyond loopback without a setting that allows it',
  },
  CERTIFICATE_UNTRUSTED: {
    class: 'failedPrecondition',
    description: 'No known authority signed the certificate of the registry',
  },
  REGISTRY_UNREACHABLE: {
    class: 'unavailable',
    description: 'No connection to the registry, or it was cut too often',
  },
  REGISTRY_BUSY: {
    class: 'unavailable',
    description: 'The registry asks to come back later, or fails by itself',
  },
  REGISTRY_REFUSED: {
    class: 'failedPrecondition',
    description: 'The registry refuses the request; its words are in the message',
  },
  RESPONSE_INVALID: {
    class: 'unsupported',
    description: 'The answer is not what the distribution specification asks for',
  },
  MANIFEST_TOO_LARGE: {
    class: 'tooLarge',
    description: 'A manifest is larger than 4 MiB, or those of one image together than 64 MiB',
  },
  UNSUPPORTED_BY_SINK: {
    class: 'unsupported',
    description: 'The place to copy to cannot hold this kind of image',
  },
  FILE_UNUSABLE: { class: 'failedPrecondition', description: 'A file or folder cannot be read or written' },
  DISK_FULL: {
    class: 'resourceExhausted',
    description: 'No space is left where the image should be written',
  },
  CREDENTIALS_INVALID: {
    class: 'failedPrecondition',
    description: 'A file with stored logins is not of the known shape',
  },
  CREDENTIAL_HELPER_FAILED: {
    class: 'failedPrecondition',
    description: 'A docker-credential helper is missing or failed',
  },
} as const satisfies ErrorTable;

export type TransferErrorCode = keyof typeof TRANSFER_ERRORS;

export class TransferError extends BerthError<TransferErrorCode> {
  constructor(code: TransferErrorCode, message: string, options?: BerthErrorOptions) {
    super(TRANSFER_ERRORS, code, message, options);
  }
}
