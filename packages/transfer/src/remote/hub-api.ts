import type { CallOptions } from '../interface.ts';
import { networkFailure, readJson, responseFailure } from './failures.ts';
import { RegistrySession, type SessionOptions } from './session.ts';

export interface HubCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly json?: unknown;
  readonly bearer?: string;
  /** For messages, after "Cannot": `list access tokens`. */
  readonly action: string;
}

const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * One call of the Hub API that lives beside a registry, on the same address.
 *
 * @returns the JSON of the answer, `undefined` where it has none
 * @throws {TransferError} with the server's words; `UNAUTHENTICATED`, `DENIED`, `MANIFEST_UNKNOWN` for 404
 */
export async function callHub(
  registry: string,
  call: HubCall,
  options: SessionOptions & CallOptions = {},
): Promise<unknown> {
  await using session = await RegistrySession.open(registry, options);
  const { method, path, json, bearer, action } = call;
  const response = await session
    .send({
      method,
      target: path,
      headers: {
        accept: 'application/json',
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      signal: options.signal,
    })
    .catch((error: unknown) => {
      throw networkFailure(error, registry);
    });
  if (response.status >= 300) throw await responseFailure(response, action);
  if (response.status !== 204) return readJson(response, BODY_LIMIT_BYTES, 'answer');
  await response.discard();
  return undefined;
}
