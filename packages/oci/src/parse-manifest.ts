import { OciError } from './errors.ts';
import type { Index } from './image-index.ts';
import { readJson } from './json.ts';
import { JsonObject } from './json-object.ts';
import type { Manifest } from './manifest.ts';
import {
  isIndexMediaType,
  isManifestMediaType,
  MANIFEST_MEDIA_TYPES,
  type ManifestMediaType,
  MEDIA_TYPE_DOCKER_MANIFEST,
  MEDIA_TYPE_DOCKER_MANIFEST_LIST,
  MEDIA_TYPE_OCI_INDEX,
  MEDIA_TYPE_OCI_MANIFEST,
} from './media-types.ts';
import { readDescriptor } from './parse-descriptor.ts';

/** Registries should take at least 4 MiB; more than that Berth takes from nobody. @see distribution-spec v1.1 spec.md#push */
export const MANIFEST_MAX_SIZE_BYTES = 4 * 1024 * 1024;

export type ParsedManifest =
  | { readonly kind: 'manifest'; readonly mediaType: ManifestMediaType; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly mediaType: ManifestMediaType; readonly index: Index };

/**
 * Reads a manifest or an index from untrusted bytes.
 *
 * @param mediaType what it was announced as (`Content-Type`, a descriptor's `mediaType`), parameters allowed;
 *   when left out the body decides: its `mediaType`, or else whether it has `manifests` or `config` and `layers`
 * @throws {OciError} `MEDIA_TYPE_UNKNOWN`, `MANIFEST_INVALID`
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string): ParsedManifest {
  const announced = mediaType === undefined ? undefined : knownMediaType(withoutParameters(mediaType));
  const json = new JsonObject(
    readJson(bytes, { code: 'MANIFEST_INVALID', what: 'manifest', maxSizeBytes: MANIFEST_MAX_SIZE_BYTES }),
    { code: 'MANIFEST_INVALID', what: 'manifest', path: '' },
  );
  refuseSchema1(json);
  refuseAmbiguity(json);
  const actual = decideMediaType(json, announced);
  return isIndexMediaType(actual)
    ? { kind: 'index', mediaType: actual, index: readIndex(json) }
    : { kind: 'manifest', mediaType: actual, manifest: readManifest(json) };
}

function withoutParameters(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function knownMediaType(mediaType: string): ManifestMediaType {
  if (isManifestMediaType(mediaType)) return mediaType;
  const shown = mediaType.slice(0, 160);
  if (mediaType.startsWith('application/vnd.docker.distribution.manifest.v1+')) throw schema1(shown);
  throw new OciError('MEDIA_TYPE_UNKNOWN', `Cannot read manifest: its media type "${shown}" is not known`, {
    hint: `Use one of ${MANIFEST_MEDIA_TYPES.join(', ')}`,
    detail: { mediaType: shown },
  });
}

function schema1(mediaType: string): OciError {
  return new OciError('MEDIA_TYPE_UNKNOWN', 'Cannot read manifest: Docker schema 1 is not supported', {
    hint: 'Push the image again with a client of 2016 or newer; it writes schema 2 or OCI',
    detail: { mediaType },
  });
}

function refuseSchema1(json: JsonObject): void {
  const version = json.requiredCount('schemaVersion');
  if (version === 1) throw schema1('application/vnd.docker.distribution.manifest.v1+json');
  if (version !== 2) throw json.fail('schemaVersion', `expected 2, got ${version}`);
}

const FIELDS = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
];
const FIELD_BY_LOWER_CASE = new Map(FIELDS.map((field) => [field.toLowerCase(), field]));

/**
 * A body that one client reads as an index and another as an image lets the two run different things
 * (CVE-2021-41190). Go's decoder takes `Layers` for `layers`, so a second spelling is refused too.
 */
function refuseAmbiguity(json: JsonObject): void {
  const isIndex = json.has('manifests');
  for (const field of ['config', 'layers']) {
    if (isIndex && json.has(field)) {
      throw json.fail(
        '',
        `it has both "manifests" and "${field}"; it must be an index or an image, not both`,
      );
    }
  }
  if (json.has('fsLayers') || json.has('history')) {
    throw json.fail('', 'it has fields of Docker schema 1 beside those of schema 2');
  }
  for (const key of json.keys()) {
    const field = FIELD_BY_LOWER_CASE.get(key.toLowerCase());
    if (field !== undefined && field !== key) {
      throw json.fail(
        key,
        `some clients would read it as "${field}"`,
        `Write "${field}", or use another name`,
      );
    }
  }
}

function decideMediaType(json: JsonObject, announced: ManifestMediaType | undefined): ManifestMediaType {
  const inBody = json.string('mediaType');
  if (inBody === undefined || inBody === '') {
    if (announced === MEDIA_TYPE_DOCKER_MANIFEST || announced === MEDIA_TYPE_DOCKER_MANIFEST_LIST) {
      throw json.fail('mediaType', `expected "${announced}", it is not there`);
    }
    return announced ?? mediaTypeByShape(json);
  }
  if (announced === undefined) return knownMediaType(inBody);
  if (inBody === announced) return announced;
  throw json.fail(
    'mediaType',
    `it was announced as "${announced}", its body says "${inBody.slice(0, 160)}"`,
    'Send the media type of the body as Content-Type',
  );
}

function mediaTypeByShape(json: JsonObject): ManifestMediaType {
  if (json.has('manifests')) return MEDIA_TYPE_OCI_INDEX;
  if (json.has('config') || json.has('layers')) return MEDIA_TYPE_OCI_MANIFEST;
  throw json.fail('', 'it has neither "manifests" nor "config" and "layers"');
}

function readManifest(json: JsonObject): Manifest {
  const config = readDescriptor(json.requiredObject('config'));
  const layers = json.objects('layers')?.map(readDescriptor);
  // Go writes an empty list that was never filled as `null`.
  if (layers === undefined && !json.names('layers')) {
    throw json.fail(
      'layers',
      'expected a list, it is not there',
      'An image without layers has an empty list',
    );
  }
  return { schemaVersion: 2, ...commonFields(json), config, layers: layers ?? [] };
}

function readIndex(json: JsonObject): Index {
  const manifests = json.objects('manifests')?.map(readDescriptor);
  if (manifests === undefined && !json.names('manifests')) {
    throw json.fail('manifests', 'expected a list, it is not there');
  }
  return { schemaVersion: 2, ...commonFields(json), manifests: manifests ?? [] };
}

type CommonFields = Pick<Manifest, 'mediaType' | 'artifactType' | 'subject' | 'annotations'>;

function commonFields(json: JsonObject): CommonFields {
  const mediaType = json.string('mediaType');
  const artifactType = json.string('artifactType');
  const subject = json.object('subject');
  const annotations = json.stringMap('annotations');
  return {
    ...(mediaType === undefined || mediaType === '' ? {} : { mediaType }),
    ...(artifactType === undefined || artifactType === '' ? {} : { artifactType }),
    ...(subject === undefined ? {} : { subject: readDescriptor(subject) }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
