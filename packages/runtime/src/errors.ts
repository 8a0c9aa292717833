import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/runtime` throws. */
export const RUNTIME_ERRORS = {
  RUNTIME_MISSING: {
    class: 'failedPrecondition',
    description: 'No OCI runtime of this machine can run a container',
  },
  RUNTIME_FAILED: {
    class: 'internal',
    description: 'The OCI runtime refused or failed; its own words are in `detail.output`',
  },
  COMMAND_NOT_FOUND: {
    class: 'invalidArgument',
    description: 'The command is not in the container (exit code 127)',
  },
  COMMAND_NOT_EXECUTABLE: {
    class: 'invalidArgument',
    description: 'The command is in the container and cannot be run (exit code 126)',
  },
  ROOT_REFUSED: {
    class: 'invalidArgument',
    description: 'The root filesystem would make the runtime write to the machine',
  },
  USER_UNKNOWN: {
    class: 'invalidArgument',
    description: 'A user or group name is not in the /etc/passwd or /etc/group of the container',
  },
  USER_OUT_OF_RANGE: {
    class: 'invalidArgument',
    description: 'A user or group number is not 0 to 2147483647',
  },
  ACCOUNT_FILE_REFUSED: {
    class: 'invalidArgument',
    description: 'The /etc/passwd or /etc/group of the container is no regular file or larger than the limit',
  },
  SECCOMP_PROFILE_INVALID: {
    class: 'invalidArgument',
    description: 'A seccomp profile is not in the form that Docker and OCI runtimes read',
  },
  DEVICE_INVALID: {
    class: 'invalidArgument',
    description: 'A device of the host is not there or is no device, or a device rule cannot be read',
  },
} as const satisfies ErrorTable;

export type RuntimeErrorCode = keyof typeof RUNTIME_ERRORS;

export class RuntimeError extends BerthError<RuntimeErrorCode> {
  constructor(code: RuntimeErrorCode, message: string, options?: BerthErrorOptions) {
    super(RUNTIME_ERRORS, code, message, options);
  }
}
