import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/oci` throws. */
export const OCI_ERRORS = {
  DIGEST_INVALID: {
    class: 'invalidArgument',
    description: 'The text is not a digest, or its algorithm is not sha256 or sha512',
  },
  DIGEST_MISMATCH: {
    class: 'invalidArgument',
    description: 'The bytes do not have the digest they were announced with',
  },
  SIZE_MISMATCH: { class: 'invalidArgument', description: 'There are fewer or more bytes than announced' },
  REFERENCE_INVALID: { class: 'invalidArgument', description: 'The text is not an image reference' },
  NAME_INVALID: {
    class: 'invalidArgument',
    description: 'The repository name breaks the grammar or a length limit',
  },
  TAG_INVALID: {
    class: 'invalidArgument',
    description: 'The tag breaks the grammar or is longer than 128 characters',
  },
  PLATFORM_INVALID: { class: 'invalidArgument', description: 'The text is not os/architecture[/variant]' },
  MEDIA_TYPE_UNKNOWN: {
    class: 'unsupported',
    description: 'The manifest has a media type that Berth does not know',
  },
  MANIFEST_INVALID: {
    class: 'invalidArgument',
    description: 'The manifest is not JSON of the shape its media type asks for',
  },
  CONFIG_INVALID: {
    class: 'invalidArgument',
    description: 'The image config is not JSON of the specified shape',
  },
  LAYOUT_INVALID: { class: 'invalidArgument', description: 'The folder is not an OCI image layout' },
  ARCHIVE_INVALID: { class: 'invalidArgument', description: 'The file is not a docker-archive' },
  TAR_INVALID: { class: 'invalidArgument', description: 'The tar stream is damaged, truncated or hostile' },
  COMPRESSION_INVALID: {
    class: 'invalidArgument',
    description: 'The compressed stream is damaged or truncated',
  },
} as const satisfies ErrorTable;

export type OciErrorCode = keyof typeof OCI_ERRORS;

export class OciError extends BerthError<OciErrorCode> {
  constructor(code: OciErrorCode, message: string, options?: BerthErrorOptions) {
    super(OCI_ERRORS, code, message, options);
  }
}
