import { addressFrom } from './address.ts';
import type { HttpResponse } from './http.ts';

/** A session of the registry: where to send the next bytes, and how many it has. */
export interface Upload {
  location: URL;
  offset: number;
  /** It holds bytes that were not sent by one unbroken stream of ours. */
  isResumed: boolean;
}

/** The registry forgot the session or holds other bytes than we think: only a new one helps. */
export class SessionLost extends Error {}

/** The session is somewhere else than it said: the registry was still reading what came before a cut. */
export class OffsetMoved extends Error {}

/** The token ended while the body was on its way: the session goes on with the next one. */
export class SignInEnded extends Error {}

/** The source failed, not the registry. */
export class SourceFailed extends Error {}

/** Where to send next. @throws {TransferError} `RESPONSE_INVALID` */
export function nextLocation(response: HttpResponse, base: URL): URL {
  const location = response.header('location');
  return location === undefined ? base : addressFrom(location, response.url);
}

/** From `Range: 0-<last>`. Registries say `0-0` for nothing as well as for one byte; the smaller is safe. */
export function receivedBytes(response: HttpResponse): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(response.header('range') ?? '')?.[1];
  if (last === undefined) return undefined;
  return last === '0' ? 0 : Number(last) + 1;
}
