import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane. About 40 ms on a small machine. */
const CURRENT: Parameters = { memoryKiB: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

interface Parameters {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly parallelism: number;
}

const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,86})\$([A-Za-z0-9+/]{22,86})$/;

const derive = promisify(argon2);

/** @returns a PHC string: the parameters stay with the hash, so raising them later breaks no stored password */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await run(password, salt, { ...CURRENT, length: HASH_BYTES });
  const { memoryKiB, passes, parallelism } = CURRENT;
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Compares in constant time. A stored text that is no hash of ours matches nothing. */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  const match = PHC.exec(stored);
  if (match === null) return false;
  const expected = Buffer.from(match[5] ?? '', 'base64');
  const actual = await run(password, Buffer.from(match[4] ?? '', 'base64'), {
    memoryKiB: Number(match[1]),
    passes: Number(match[2]),
    parallelism: Number(match[3]),
    length: expected.length,
  });
  return timingSafeEqual(expected, actual);
}

function run(password: string, salt: Buffer, options: Parameters & { length: number }): Promise<Buffer> {
  return derive('argon2id', {
    message: Buffer.from(password, 'utf8'),
    nonce: salt,
    parallelism: options.parallelism,
    tagLength: options.length,
    memory: options.memoryKiB,
    passes: options.passes,
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
