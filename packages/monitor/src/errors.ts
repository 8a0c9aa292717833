import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/monitor` throws; codes of `@berth/runtime` come through as they are. */
export const MONITOR_ERRORS = {
  CONTAINER_ID_INVALID: {
    class: 'invalidArgument',
    description: 'An id is not 1 to 128 letters, digits, ".", "_" or "-", beginning with a letter or digit',
  },
  CONTAINER_UNKNOWN: {
    class: 'notFound',
    description: 'The monitor has no such container, or no such process in it',
  },
  CONTAINER_RUNNING: { class: 'conflict', description: 'A container or process with this id runs already' },
  CONTAINER_ENDED: { class: 'failedPrecondition', description: 'The process has ended' },
  NO_TERMINAL: {
    class: 'failedPrecondition',
    description: 'The process has no terminal, or none that this monitor could get back',
  },
  CLIENT_TOO_SLOW: {
    class: 'resourceExhausted',
    description:
      'An attached client took nothing for too long and was let go; the process and its log went on',
  },
  MONITOR_BUSY: { class: 'failedPrecondition', description: 'The monitor cannot end while something runs' },
  MONITOR_VERSION: {
    class: 'failedPrecondition',
    description: 'The monitor that runs speaks another version of the protocol',
  },
  MONITOR_LOST: {
    class: 'unavailable',
    description: 'The monitor went away in the middle of a call, so whether it was done is not known',
  },
  MONITOR_START_FAILED: { class: 'unavailable', description: 'A monitor was started and did not answer' },
  MONITOR_CLOSED: {
    class: 'failedPrecondition',
    description: 'The connection to the monitor was disposed of',
  },
  PROTOCOL_BROKEN: {
    class: 'internal',
    description: 'The other side said something that is not in the protocol',
  },
} as const satisfies ErrorTable;

export type MonitorErrorCode = keyof typeof MONITOR_ERRORS;

export class MonitorError extends BerthError<MonitorErrorCode> {
  constructor(code: MonitorErrorCode, message: string, options?: BerthErrorOptions) {
    super(MONITOR_ERRORS, code, message, options);
  }
}
