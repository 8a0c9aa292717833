import { IndexError } from '../errors.ts';

const MIN_CHARACTERS = 9;
const MAX_BYTES = 1024;

/** A password longer than this is never hashed: the bytes of a body must not become work. */
export function isHashable(password: string): boolean {
  return Buffer.byteLength(password) <= MAX_BYTES;
}

/** What a *new* password must be; an old one is only compared. @throws {IndexError} `PASSWORD_INVALID` */
export function checkNewPassword(password: string, options: { readonly user: string }): void {
  const length = [...password].length;
  if (length < MIN_CHARACTERS) {
    fail(`it has ${length} characters, at least ${MIN_CHARACTERS} are needed`);
  }
  if (!isHashable(password)) {
    fail(`it has ${Buffer.byteLength(password)} bytes, at most ${MAX_BYTES} are taken`);
  }
  if (password.toLowerCase() === options.user) fail('it is the user name');
}

function fail(reason: string): never {
  throw new IndexError('PASSWORD_INVALID', `Cannot use this password: ${reason}`, {
    hint: 'choose a longer one that nobody guesses, for instance four words',
    detail: { field: 'password' },
  });
}
