import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/cli` throws. */
export const CLI_ERRORS = {
  USAGE: {
    class: 'invalidArgument',
    description: 'The command line is not one that the command understands; exit code 2',
  },
  SETTING_UNKNOWN: {
    class: 'invalidArgument',
    description: 'A settings file names a setting that does not exist',
  },
  SETTING_INVALID: { class: 'invalidArgument', description: 'A setting has a value outside its schema' },
  SETTINGS_FILE_INVALID: {
    class: 'invalidArgument',
    description: 'A settings file is missing or is not a JSON object',
  },
  CHILD_FAILED: { class: 'unavailable', description: 'The Hub or engine process ended before it was ready' },
  ENGINE_UNSUPPORTED: {
    class: 'failedPrecondition',
    description: 'The engine cannot run here: not Linux, not root, or a program is missing',
  },
  ENGINE_NOT_RUNNING: { class: 'failedPrecondition', description: 'The command needs a running engine' },
  ENGINE_DENIED: { class: 'denied', description: 'The socket of the engine belongs to another user' },
  ENGINE_GONE: {
    class: 'unavailable',
    description: 'The engine closed the connection before it had answered',
  },
  INSTALL_FAILED: {
    class: 'unavailable',
    description: 'A package that the engine needs could not be installed',
  },
  DATA_FOLDER_MISSING: { class: 'notFound', description: 'No engine was ever started on the data folder' },
  HUB_NOT_RUNNING: { class: 'failedPrecondition', description: 'The command needs a running Hub' },
} as const satisfies ErrorTable;

export type CliErrorCode = keyof typeof CLI_ERRORS;

export class CliError extends BerthError<CliErrorCode> {
  constructor(code: CliErrorCode, message: string, options?: BerthErrorOptions) {
    super(CLI_ERRORS, code, message, options);
  }
}
