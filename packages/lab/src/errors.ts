import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/lab` throws. */
export const LAB_ERRORS = {
  LAB_DRIVER_UNKNOWN: { class: 'invalidArgument', description: 'There is no storage driver of this name' },
  LAB_NO_ROOM: { class: 'resourceExhausted', description: 'The disk has not the room that the lab needs' },
  LAB_REPORT_INVALID: { class: 'invalidArgument', description: 'A file is not a report of the lab' },
} as const satisfies ErrorTable;

export type LabErrorCode = keyof typeof LAB_ERRORS;

export class LabError extends BerthError<LabErrorCode> {
  constructor(code: LabErrorCode, message: string, options?: BerthErrorOptions) {
    super(LAB_ERRORS, code, message, options);
  }
}
