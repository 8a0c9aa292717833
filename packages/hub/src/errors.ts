import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/hub` throws. */
export const HUB_ERRORS = {
  ADDRESS_INVALID: { class: 'invalidArgument', description: 'The listen address is not host:port' },
  ADDRESS_INSECURE: {
    class: 'failedPrecondition',
    description: 'The listen address is beyond loopback, without TLS and without a setting that allows it',
  },
  ADDRESS_UNAVAILABLE: {
    class: 'failedPrecondition',
    description: 'The machine does not have the listen address, or may not listen on that port',
  },
  PORT_TAKEN: { class: 'failedPrecondition', description: 'Another process listens on the port' },
  DATA_FOLDER_MISSING: { class: 'notFound', description: 'No Hub was ever started on the data folder' },
  DATA_FOLDER_NEWER: {
    class: 'failedPrecondition',
    description: 'The data folder was written by a newer version of Berth',
  },
  DATA_FOLDER_BUSY: { class: 'failedPrecondition', description: 'Another Hub runs on the data folder' },
  DATA_FOLDER_DENIED: {
    class: 'failedPrecondition',
    description: 'The data folder cannot be made, read or written',
  },
  USER_UNKNOWN: {
    class: 'invalidArgument',
    description: 'The user that the Hub is to become does not exist, or is root',
  },
  ROOT_NOT_DROPPED: {
    class: 'failedPrecondition',
    description: 'The process could not give up root for good',
  },
  TLS_FILES_INVALID: {
    class: 'invalidArgument',
    description: 'Certificate and key cannot be read, or do not belong together',
  },
  PROXY_INVALID: {
    class: 'invalidArgument',
    description: 'A trusted proxy is neither an address nor a network',
  },
  HOST_UNKNOWN: {
    class: 'invalidArgument',
    description: 'A request names a host that the Hub does not know to be itself',
  },
} as const satisfies ErrorTable;

export type HubErrorCode = keyof typeof HUB_ERRORS;

export class HubError extends BerthError<HubErrorCode> {
  constructor(code: HubErrorCode, message: string, options?: BerthErrorOptions) {
    super(HUB_ERRORS, code, message, options);
  }
}
