import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/storage` throws. */
export const STORAGE_ERRORS = {
  LAYER_EXISTS: { class: 'conflict', description: 'The driver has a layer under this key already' },
  LAYER_UNKNOWN: { class: 'notFound', description: 'There is no layer under this chainID or key' },
  LAYER_REFUSED: {
    class: 'invalidArgument',
    description: 'An entry of the layer is hostile or cannot be made on disk; the message names it',
  },
  LAYER_DAMAGED: {
    class: 'dataLoss',
    description: 'What lies on disk is not what was applied: a file changed, is missing, or a link is broken',
  },
  LAYER_BUSY: {
    class: 'failedPrecondition',
    description:
      'Something is mounted inside a layer that is to be removed; the message names the mount point',
  },
  DIFF_ID_MISMATCH: {
    class: 'invalidArgument',
    description: 'The uncompressed bytes of a layer are not those that its diffID names',
  },
  TOO_MANY_LAYERS: {
    class: 'unsupported',
    description: 'The image has more layers than one mount of this driver can stack',
  },
  DISK_FULL: {
    class: 'resourceExhausted',
    description: 'The disk below the data folder, its inodes or a quota are used up',
  },
  CONTAINER_LAYER_EXISTS: {
    class: 'conflict',
    description: 'There is a container layer with this name already',
  },
  CONTAINER_LAYER_UNKNOWN: { class: 'notFound', description: 'There is no container layer with this name' },
  CONTAINER_LAYER_DAMAGED: {
    class: 'dataLoss',
    description: 'The folder of a container layer is missing or not whole',
  },
  NAME_INVALID: {
    class: 'invalidArgument',
    description: 'The name of a container layer or an owner is empty, too long, or has control characters',
  },
  SIZE_LIMIT_UNSUPPORTED: {
    class: 'unsupported',
    description: 'This driver cannot limit the size of a container layer',
  },
  DRIVER_UNKNOWN: { class: 'invalidArgument', description: 'There is no storage driver with this name' },
  DISK_FAILED: {
    class: 'unavailable',
    description: 'The file system under the store answered with an error',
  },
  DRIVER_UNSUPPORTED: {
    class: 'unsupported',
    description: 'The driver does not work in this folder on this machine; the message says why',
  },
  DRIVER_OPTION_INVALID: {
    class: 'invalidArgument',
    description: 'A driver option is unknown or has a value the driver cannot use',
  },
  DRIVER_CONFLICT: {
    class: 'failedPrecondition',
    description: 'The data folder holds layers of another driver than the one that was asked for',
  },
  DRIVER_AMBIGUOUS: {
    class: 'failedPrecondition',
    description: 'The data folder holds layers of several drivers and no setting says which to use',
  },
  MOUNT_FAILED: {
    class: 'unavailable',
    description: 'The program that mounts for this driver has failed; the message has its words',
  },
  STORE_CLOSED: { class: 'failedPrecondition', description: 'The layer store was closed before this call' },
} as const satisfies ErrorTable;

export type StorageErrorCode = keyof typeof STORAGE_ERRORS;

export class StorageError extends BerthError<StorageErrorCode> {
  constructor(code: StorageErrorCode, message: string, options?: BerthErrorOptions) {
    super(STORAGE_ERRORS, code, message, options);
  }
}
