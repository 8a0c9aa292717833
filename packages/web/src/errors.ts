import { BerthError, type BerthErrorOptions, type ErrorTable } from '@berth/errors';

/** Every code that `@berth/web` throws. */
export const WEB_ERRORS = {
  PAGES_BUILD_FAILED: { class: 'internal', description: 'The pages could not be built from their sources' },
} as const satisfies ErrorTable;

export type WebErrorCode = keyof typeof WEB_ERRORS;

export class WebError extends BerthError<WebErrorCode> {
  constructor(code: WebErrorCode, message: string, options?: BerthErrorOptions) {
    super(WEB_ERRORS, code, message, options);
  }
}
