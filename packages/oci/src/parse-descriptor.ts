import type { Descriptor } from './descriptor.ts';
import { digestAlgorithm, digestBytes } from './digest.ts';
import type { JsonObject } from './json-object.ts';
import type { Platform } from './platform.ts';

/** RFC 6838 §4.2, and parameters as some artifact tools write them (`application/x; version=2`). */
const MEDIA_TYPE = /^[A-Za-z0-9][\w!#$&^.+-]*\/[A-Za-z0-9][\w!#$&^.+-]*(?: *;[\x20-\x7e]*)?$/;
const MEDIA_TYPE_MAX_LENGTH = 255;

/** Reads the fields of a descriptor; fields that the specification does not know are left out. */
export function readDescriptor(json: JsonObject): Descriptor {
  const urls = json.strings('urls');
  const annotations = json.stringMap('annotations');
  const data = json.string('data');
  const artifactType = json.string('artifactType');
  const platform = json.object('platform');
  return {
    mediaType: readMediaType(json),
    digest: json.requiredDigest('digest'),
    size: json.requiredCount('size'),
    ...(urls === undefined ? {} : { urls }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(data === undefined ? {} : { data }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(platform === undefined ? {} : { platform: readPlatform(platform) }),
  };
}

/**
 * The bytes that a descriptor carries in `data`, or `undefined` when it carries none or they are not what its
 * size and digest say. @see image-spec v1.1 descriptor.md#embedded-content
 */
export function embeddedData(descriptor: Descriptor): Uint8Array | undefined {
  if (descriptor.data === undefined) return undefined;
  const bytes = Buffer.from(descriptor.data, 'base64');
  // Node's decoder skips what is not base64; only the one spelling counts (RFC 4648 §3.5).
  if (bytes.byteLength !== descriptor.size || bytes.toString('base64') !== descriptor.data) return undefined;
  return digestBytes(bytes, digestAlgorithm(descriptor.digest)) === descriptor.digest ? bytes : undefined;
}

function readMediaType(json: JsonObject): string {
  const mediaType = json.requiredString('mediaType');
  if (mediaType.length <= MEDIA_TYPE_MAX_LENGTH && MEDIA_TYPE.test(mediaType)) return mediaType;
  throw json.fail('mediaType', `expected type/subtype, got "${mediaType.slice(0, 80)}"`);
}

export function readPlatform(json: JsonObject): Platform {
  const variant = json.string('variant');
  const version = json.string('os.version');
  const features = json.strings('os.features');
  return {
    architecture: json.requiredString('architecture'),
    os: json.requiredString('os'),
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { 'os.version': version }),
    ...(features === undefined ? {} : { 'os.features': features }),
  };
}
