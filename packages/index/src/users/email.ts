import { IndexError } from '../errors.ts';

const MAX_LENGTH = 254;
const SHAPE = /^[^\s@<>"]{1,64}@[^\s@<>"]+\.[^\s@<>".]{2,}$/;

/** Catches slips of the pen; whether somebody reads there only a letter would show. @throws {IndexError} `EMAIL_INVALID` */
export function parseEmail(text: string): string {
  const email = text.trim();
  if (email.length <= MAX_LENGTH && SHAPE.test(email)) return email;
  throw new IndexError(
    'EMAIL_INVALID',
    `Cannot use mail address "${email.slice(0, 60)}": expected name@host`,
    {
      hint: 'mend it, or leave it out: it is optional',
      detail: { field: 'email' },
    },
  );
}
