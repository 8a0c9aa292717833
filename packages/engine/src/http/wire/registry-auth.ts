import type { Credentials } from '@berth/transfer';
import { EngineError } from '../../errors.ts';

/**
 * `X-Registry-Auth`: base64url of `{ username, password, identitytoken, … }`. Clients send an empty object, or `null`,
 * when they have nothing.
 *
 * @param options `isLenient`: what cannot be read counts as nothing, as Docker has it for pulls
 * @throws {EngineError} `REQUEST_INVALID`, `NOT_IMPLEMENTED` for a bare registry token
 */
export function parseRegistryAuth(
  header: string | readonly string[] | undefined,
  options: { readonly isLenient?: boolean } = {},
): Credentials | undefined {
  const text = typeof header === 'string' ? header.trim() : header?.[0]?.trim();
  if (text === undefined || text === '') return undefined;
  const value = decode(text);
  if (value === undefined) {
    if (options.isLenient === true) return undefined;
    throw new EngineError(
      'REQUEST_INVALID',
      'invalid X-Registry-Auth header: expected base64url of a JSON object',
    );
  }
  return credentialsOf(value);
}

/** The fields of an AuthConfig, in a header or the body of `/auth`. */
export function credentialsOf(auth: Readonly<Record<string, unknown>>): Credentials | undefined {
  const field = (name: string): string => (typeof auth[name] === 'string' ? (auth[name] as string) : '');
  const [username, password] = [field('username'), field('password')];
  const identityToken = field('identitytoken');
  if (identityToken !== '') return { username, password: '', identityToken };
  if (username !== '' || password !== '') return { username, password };
  if (field('registrytoken') === '') return undefined;
  throw new EngineError('NOT_IMPLEMENTED', 'a bare registry token (registrytoken) is not supported', {
    hint: 'send a name with a password, or an identity token',
  });
}

function decode(text: string): Record<string, unknown> | undefined {
  // Both alphabets occur, with and without padding.
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (value === null) return {};
    return typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
