import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/**
 * Every code that `@berth/engine` throws. Messages are Docker's own sentences wherever Docker has one: clients match on
 * them, so their wording is not the house's.
 */
export const ENGINE_ERRORS = {
  CONTAINER_UNKNOWN: { class: 'notFound', description: 'There is no container with this name or id' },
  CONTAINER_AMBIGUOUS: {
    class: 'invalidArgument',
    description: 'Several containers have an id that begins so',
  },
  NAME_TAKEN: { class: 'conflict', description: 'Another container has this name' },
  NAME_INVALID: {
    class: 'invalidArgument',
    description: 'The name of a container has characters that it may not have',
  },
  CONFIG_REFUSED: {
    class: 'invalidArgument',
    description: 'A setting of a container, exec or volume is wrong or contradicts another one',
  },
  NOT_IMPLEMENTED: { class: 'unsupported', description: 'Docker has this, Berth does not have it' },
  CONTAINER_RUNNING: { class: 'conflict', description: 'The container must be stopped first' },
  CONTAINER_NOT_RUNNING: { class: 'conflict', description: 'The container does not run' },
  CONTAINER_PAUSED: { class: 'conflict', description: 'The container is paused' },
  CONTAINER_BUSY: {
    class: 'conflict',
    description: 'The container is being removed or restarted, or is dead',
  },
  COMMAND_REFUSED: {
    class: 'invalidArgument',
    description: 'The command of a container or exec is not there or cannot be executed',
  },
  START_FAILED: { class: 'internal', description: 'The container could not be started' },
  STOP_FAILED: { class: 'internal', description: 'The container could not be stopped or killed' },
  REMOVE_FAILED: { class: 'internal', description: 'Something of the container could not be removed' },
  EXEC_UNKNOWN: { class: 'notFound', description: 'There is no exec with this id' },
  EXEC_STATE: { class: 'conflict', description: 'The exec was started already, or has ended' },
  LOGS_UNREADABLE: { class: 'unsupported', description: 'The container has a log driver that keeps nothing' },
  PATH_UNKNOWN: { class: 'notFound', description: 'There is no such file in the container' },
  PATH_REFUSED: {
    class: 'invalidArgument',
    description: 'A path in a container or an archive for it cannot be used so',
  },
  PATH_READONLY: { class: 'denied', description: 'The place in the container may only be read' },
  PROGRAM_MISSING: { class: 'failedPrecondition', description: 'A program of the machine is not installed' },
  IMAGE_UNKNOWN: { class: 'notFound', description: 'There is no image with this name or id' },
  IMAGE_AMBIGUOUS: { class: 'invalidArgument', description: 'Several images have an id that begins so' },
  IMAGE_IN_USE: { class: 'conflict', description: 'A container or a tag still needs the image' },
  IMAGE_INVALID: { class: 'invalidArgument', description: 'An image or an archive of images is broken' },
  PUSH_REFUSED: { class: 'denied', description: 'The registry does not let this caller push there' },
  DISK_FULL: { class: 'resourceExhausted', description: 'There is no room for what should be stored' },
  REFERENCE_INVALID: { class: 'invalidArgument', description: 'The name of an image cannot be read' },
  PLATFORM_MISMATCH: { class: 'notFound', description: 'The image is for another platform' },
  VOLUME_UNKNOWN: { class: 'notFound', description: 'There is no volume with this name' },
  VOLUME_IN_USE: { class: 'conflict', description: 'A container still has the volume' },
  VOLUME_INVALID: { class: 'invalidArgument', description: 'A volume cannot be made so' },
  NETWORK_UNKNOWN: { class: 'notFound', description: 'There is no network with this name or id' },
  FILTER_INVALID: { class: 'invalidArgument', description: 'A filter is unknown or has a wrong value' },
  REQUEST_INVALID: { class: 'invalidArgument', description: 'A request to the Engine API cannot be read' },
  PREDEFINED_NETWORK: { class: 'denied', description: 'A network that is always there cannot be removed' },
  REQUEST_TOO_LARGE: { class: 'tooLarge', description: 'A JSON body is larger than any that has a meaning' },
  API_VERSION: {
    class: 'invalidArgument',
    description: 'The client speaks a version of the API that is too old or too new',
  },
  ROUTE_UNKNOWN: { class: 'notFound', description: 'The API has no such path' },
  NOT_A_SWARM: {
    class: 'unavailable',
    description: 'Something of swarm mode was asked for, which is never on',
  },
  CALLER_REFUSED: {
    class: 'denied',
    description: 'A page in a browser asks, or the engine was reached by a name that is not this machine',
  },
  SOCKET_TAKEN: {
    class: 'failedPrecondition',
    description: 'Somebody else listens on the address, or what lies there is no socket',
  },
  SOCKET_UNUSABLE: {
    class: 'failedPrecondition',
    description: 'The address cannot be listened on: too long a path, not loopback, an unknown group',
  },
  DATA_ROOT_BUSY: { class: 'failedPrecondition', description: 'Another engine runs on this data folder' },
  DATA_ROOT_NEWER: {
    class: 'failedPrecondition',
    description: 'The data folder was made by a newer Berth; nothing was changed in it',
  },
  DATA_ROOT_DENIED: { class: 'denied', description: 'The data folder cannot be made or written' },
  ENGINE_CLOSED: { class: 'unavailable', description: 'The engine is being closed' },
} as const satisfies ErrorTable;

export type EngineErrorCode = keyof typeof ENGINE_ERRORS;

export class EngineError extends BerthError<EngineErrorCode> {
  constructor(code: EngineErrorCode, message: string, options?: BerthErrorOptions) {
    super(ENGINE_ERRORS, code, message, options);
  }
}
