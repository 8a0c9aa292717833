import { ApiError } from '../api.ts';
import type { Texts } from './en.ts';

const TEXTS: Readonly<Record<string, keyof Texts>> = {
  CREDENTIALS_WRONG: 'credentialsWrong',
  TOO_MANY_TRIES: 'tooManyTries',
  USER_NAME_TAKEN: 'nameTaken',
  USER_NAME_INVALID: 'nameInvalid',
  EMAIL_INVALID: 'emailInvalid',
  PASSWORD_INVALID: 'passwordInvalid',
  SIGN_UP_CLOSED: 'signUpClosed',
  SETUP_NEEDED: 'setupWanted',
  SETUP_CODE_WRONG: 'setupLinkUsed',
  REPOSITORY_UNKNOWN: 'notFoundRepository',
};

/** What a person is told: in their language where the code has a text, else the server's own sentence. */
export function failureText(error: Error, t: Texts): string {
  if (!(error instanceof ApiError)) return error instanceof TypeError ? t.unreachable : error.message;
  const key = TEXTS[error.code];
  return key === undefined ? error.message : t[key];
}
