import { API_VERSION_MAX, API_VERSION_MIN, type ApiVersion, formatApiVersion } from '../../api/version.ts';
import { EngineError } from '../../errors.ts';

const PREFIX = /^\/v([0-9]+(?:\.[0-9]+)*)(\/.*)$/;

export interface VersionedPath {
  /** The newest one where the client names none. */
  readonly version: ApiVersion;
  /** What is wrong with the version; the path may still be one that answers on every version (`/_ping`). */
  readonly refusal: EngineError | undefined;
  /** Without the prefix. */
  readonly path: string;
}

/** Takes `/v1.43` off a path. Clients match on the words of the refusals. */
export function splitVersion(rawPath: string): VersionedPath {
  const match = PREFIX.exec(rawPath);
  if (match === null) return { version: API_VERSION_MAX, refusal: undefined, path: rawPath };
  const text = match[1] as string;
  const path = match[2] as string;
  const version = minorOf(text);
  if (version >= API_VERSION_MIN && version <= API_VERSION_MAX) return { version, refusal: undefined, path };
  const message =
    version < API_VERSION_MIN
      ? `client version ${text} is too old. Minimum supported API version is ${formatApiVersion(API_VERSION_MIN)}, please upgrade your client to a newer version`
      : `client version ${text} is too new. Maximum supported API version is ${formatApiVersion(API_VERSION_MAX)}`;
  return { version: API_VERSION_MAX, refusal: new EngineError('API_VERSION', message), path };
}

/** 1.40 is newer than 1.9, and 2 than all of them. */
function minorOf(text: string): number {
  const [major = 0, minor = 0] = text.split('.').map(Number);
  if (major === 1) return minor;
  return major < 1 ? -1 : Number.POSITIVE_INFINITY;
}
