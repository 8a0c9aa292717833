import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '@berth/errors';
import { TransferError } from '../errors.ts';
import { withLock } from '../files/process-lock.ts';
import { fileFailure } from '../files/read-file.ts';
import { replaceFile } from '../files/write-file.ts';
import type { Credentials } from '../remote/tokens.ts';

/**
 * A file of logins as docker and podman write it. Fields that we do not know are kept as they are.
 * @see docker/cli: docs of `docker login`; containers-auth.json(5)
 */
export interface ConfigFile {
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
  readonly [other: string]: unknown;
}

export interface AuthEntry {
  /** Base64 of `name:password`. */
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

/** @returns an empty one where there is no file @throws {TransferError} `CREDENTIALS_INVALID`, `FILE_UNUSABLE` */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR'].includes(error.code)) return '';
    throw fileFailure(error, `read "${path}"`);
  });
  if (text.trim() === '') return {};
  const value = parse(text, path);
  const isMap = (field: unknown) => field === undefined || field === null || isObject(field);
  const { auths, credHelpers, credsStore } = value;
  if (!isMap(auths) || !isMap(credHelpers) || !(credsStore === undefined || typeof credsStore === 'string')) {
    throw damaged(path, 'auths, credHelpers or credsStore has another shape than docker writes');
  }
  return value as ConfigFile;
}

/**
 * Changes a file of logins in one step, mode 0600 for a new one; two at once wait for each other. A symlink is
 * followed, so that a file kept elsewhere stays there.
 */
export async function changeConfigFile(
  path: string,
  change: (config: ConfigFile) => ConfigFile,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await withLock(
      `${path}.lock`,
      async () => {
        const before = await stat(path).catch(() => undefined);
        // Never wider than it was, and never readable by others when it is new.
        const mode = (before?.mode ?? 0o600) & 0o600;
        const text = `${JSON.stringify(change(await readConfigFile(path)), null, '\t')}\n`;
        await replaceFile(await followed(path), [Buffer.from(text)], { mode });
      },
      options,
    );
  } catch (error) {
    throw fileFailure(error, `write "${path}"`);
  }
}

async function followed(path: string): Promise<string> {
  return realpath(path).catch((error: unknown) => {
    if (hasCode(error) && error.code === 'ENOENT') return path;
    throw error;
  });
}

/** @returns `undefined` for an entry that holds no login @throws {TransferError} `CREDENTIALS_INVALID` */
export function credentialsOf(entry: AuthEntry, path: string): Credentials | undefined {
  const { auth, username = '', password = '', identitytoken } = entry;
  const token =
    typeof identitytoken === 'string' && identitytoken !== '' ? { identityToken: identitytoken } : {};
  if (typeof auth !== 'string' || auth === '') {
    if (username === '' && token.identityToken === undefined) return undefined;
    return { username, password, ...token };
  }
  // Docker ends some of these with NUL bytes.
  const text = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = text.indexOf(':');
  if (colon === -1) throw damaged(path, 'an "auth" is not the base64 of name:password');
  return { username: text.slice(0, colon), password: text.slice(colon + 1), ...token };
}

export function entryOf({ username, password, identityToken }: Credentials): AuthEntry {
  return {
    auth: Buffer.from(`${username}:${password}`).toString('base64'),
    ...(identityToken === undefined ? {} : { identitytoken: identityToken }),
  };
}

function parse(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw damaged(path, 'it is not JSON');
  }
  if (!isObject(value)) throw damaged(path, 'it is not a JSON object');
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damaged(path: string, reason: string): TransferError {
  return new TransferError('CREDENTIALS_INVALID', `Cannot read logins from "${path}": ${reason}`, {
    hint: 'Fix the file, or move it away and sign in again',
  });
}
