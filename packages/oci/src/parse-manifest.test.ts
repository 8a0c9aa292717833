import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestBytes } from './digest.ts';
import { manifestLinks } from './manifest-links.ts';
import {
  MEDIA_TYPE_DOCKER_MANIFEST,
  MEDIA_TYPE_DOCKER_MANIFEST_LIST,
  MEDIA_TYPE_OCI_INDEX,
  MEDIA_TYPE_OCI_MANIFEST,
} from './media-types.ts';
import { embeddedData } from './parse-descriptor.ts';
import { MANIFEST_MAX_SIZE_BYTES, parseManifest } from './parse-manifest.ts';

const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const blob = (text: string, mediaType = 'application/octet-stream') => ({
  mediaType,
  digest: digestBytes(text),
  size: text.length,
});
const config = blob('{}', 'application/vnd.oci.empty.v1+json');
const image = { schemaVersion: 2, config, layers: [blob('a'), blob('b')] };
const index = {
  schemaVersion: 2,
  manifests: [{ ...blob('m', MEDIA_TYPE_OCI_MANIFEST), platform: { os: 'linux', architecture: 'amd64' } }],
};
const refused = (value: unknown, code: string, message: RegExp, mediaType?: string): void =>
  assert.throws(
    () => parseManifest(bytes(value), mediaType),
    { name: 'OciError', code, message },
    JSON.stringify(value)?.slice(0, 200),
  );

test('parseManifest() reads images and indexes of both families', () => {
  const cases = [
    [image, undefined, 'manifest', MEDIA_TYPE_OCI_MANIFEST],
    [image, MEDIA_TYPE_OCI_MANIFEST, 'manifest', MEDIA_TYPE_OCI_MANIFEST],
    [
      { ...image, mediaType: MEDIA_TYPE_OCI_MANIFEST },
      `${MEDIA_TYPE_OCI_MANIFEST}; charset=utf-8`,
      'manifest',
      MEDIA_TYPE_OCI_MANIFEST,
    ],
    [{ ...image, mediaType: MEDIA_TYPE_DOCKER_MANIFEST }, undefined, 'manifest', MEDIA_TYPE_DOCKER_MANIFEST],
    [index, undefined, 'index', MEDIA_TYPE_OCI_INDEX],
    [
      { ...index, mediaType: MEDIA_TYPE_DOCKER_MANIFEST_LIST },
      MEDIA_TYPE_DOCKER_MANIFEST_LIST,
      'index',
      MEDIA_TYPE_DOCKER_MANIFEST_LIST,
    ],
  ] as const;
  for (const [value, announced, kind, mediaType] of cases) {
    const parsed = parseManifest(bytes(value), announced);
    assert.deepEqual([parsed.kind, parsed.mediaType], [kind, mediaType]);
  }
});

test('parseManifest() takes every data set of the conformance suite', () => {
  const sha512 = { mediaType: 'a/b', digest: digestBytes('x', 'sha512'), size: 1 };
  const accepted: unknown[] = [
    { ...image, layers: [] },
    { ...image, layers: null },
    { ...image, artifactType: 'application/vnd.example', layers: [config] },
    { ...image, subject: blob('gone', MEDIA_TYPE_OCI_MANIFEST), annotations: { a: 'b', __proto__x: '' } },
    { ...image, layers: [sha512], config: { ...config, data: 'e30=' } },
    { ...image, 'org.example.custom': { deep: [1, null, { x: true }] } },
    { ...image, layers: [blob('n', 'application/vnd.oci.image.layer.nondistributable.v1.tar')] },
    { ...index, manifests: [] },
    { ...index, subject: blob('s', MEDIA_TYPE_OCI_INDEX), artifactType: 'a/b', annotations: {} },
    {
      ...index,
      manifests: [blob('i', MEDIA_TYPE_OCI_INDEX), { ...blob('p'), platform: { os: '', architecture: '' } }],
    },
    { ...image, annotations: { big: 'x'.repeat(3_900_000) } },
  ];
  for (const value of accepted) parseManifest(bytes(value));
});

test('parseManifest() gives back the fields it was given', () => {
  const whole = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE_OCI_INDEX,
    artifactType: 'application/x',
    manifests: [
      {
        ...blob('m'),
        urls: ['https://x/y'],
        data: 'bQ==',
        artifactType: 'a/b',
        annotations: { a: 'b' },
        platform: {
          os: 'windows',
          architecture: 'arm',
          variant: 'v7',
          'os.version': '1',
          'os.features': ['f'],
        },
      },
    ],
    subject: blob('s'),
    annotations: { one: '1' },
  };
  assert.deepEqual(parseManifest(bytes(whole)), {
    kind: 'index',
    mediaType: MEDIA_TYPE_OCI_INDEX,
    index: whole,
  });
});

test('parseManifest() refuses ambiguous bodies (CVE-2021-41190) and disagreement with the announced type', () => {
  refused({ ...image, manifests: [] }, 'MANIFEST_INVALID', /both "manifests" and "config"/);
  refused({ ...index, layers: [] }, 'MANIFEST_INVALID', /both "manifests" and "layers"/);
  refused({ ...image, Layers: [] }, 'MANIFEST_INVALID', /would read it as "layers"/);
  refused({ ...image, fsLayers: [] }, 'MANIFEST_INVALID', /schema 1/);
  refused(
    { ...image, mediaType: MEDIA_TYPE_OCI_MANIFEST },
    'MANIFEST_INVALID',
    /announced as .*index.* body says/,
    MEDIA_TYPE_OCI_INDEX,
  );
  refused({ ...image, mediaType: MEDIA_TYPE_OCI_INDEX }, 'MANIFEST_INVALID', /"manifests": expected a list/);
  refused(index, 'MANIFEST_INVALID', /"config": expected an object/, MEDIA_TYPE_OCI_MANIFEST);
  refused(
    image,
    'MANIFEST_INVALID',
    /"mediaType": expected .*v2\+json", it is not there/,
    MEDIA_TYPE_DOCKER_MANIFEST,
  );
  refused(
    `{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[],"layers":[]}`,
    'MANIFEST_INVALID',
    /"layers" is there twice/,
  );
  refused(
    `{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[],"l\\u0061yers":[]}`,
    'MANIFEST_INVALID',
    /"layers" is there twice/,
  );
});

test('parseManifest() refuses media types it does not know, and schema 1', () => {
  refused(image, 'MEDIA_TYPE_UNKNOWN', /"application\/json" is not known/, 'application/json');
  refused({ ...image, mediaType: 'text/plain' }, 'MEDIA_TYPE_UNKNOWN', /text\/plain/);
  refused({ schemaVersion: 1, fsLayers: [] }, 'MEDIA_TYPE_UNKNOWN', /schema 1/);
  refused(
    '{}',
    'MEDIA_TYPE_UNKNOWN',
    /schema 1/,
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
  );
});

test('parseManifest() names the field that is wrong', () => {
  const layer = (change: object) => ({ ...image, layers: [blob('a'), { ...blob('b'), ...change }] });
  const cases: [unknown, RegExp][] = [
    [layer({ size: -1 }), /"layers\[1\].size": expected a whole number .* got -1/],
    [layer({ size: 1.5 }), /size/],
    [layer({ size: '1' }), /size/],
    [layer({ digest: 'sha256:abc' }), /"layers\[1\].digest": expected sha256:<64 hex>.*got "sha256:abc"/],
    [layer({ digest: `sha256:${'A'.repeat(64)}` }), /digest/],
    [layer({ digest: `md5:${'a'.repeat(32)}` }), /digest/],
    [layer({ digest: undefined }), /"layers\[1\].digest": expected a string, it is not there/],
    [layer({ mediaType: '' }), /"layers\[1\].mediaType": expected type\/subtype/],
    [layer({ mediaType: 'a/b\r\nX: y' }), /mediaType/],
    [layer({ annotations: { a: 1 } }), /"layers\[1\].annotations.a": expected a string, got 1/],
    [layer({ urls: 'x' }), /urls/],
    [layer({ platform: 'linux' }), /platform": expected an object, got a string/],
    [{ ...image, layers: {} }, /"layers": expected a list/],
    [{ ...image, layers: [null] }, /"layers\[0\]": expected an object, got nothing/],
    [{ schemaVersion: 2, config }, /"layers"/],
    [{ schemaVersion: 2, layers: [] }, /"config"/],
    [{ ...image, schemaVersion: 3 }, /"schemaVersion": expected 2, got 3/],
    [{ ...image, schemaVersion: '2' }, /schemaVersion/],
    [{ config, layers: [] }, /schemaVersion/],
    [{ schemaVersion: 2 }, /neither/],
    ['[]', /expected an object, got a list/],
    ['null', /expected an object/],
    ['"x"', /expected an object/],
    ['', /not JSON/],
    ['{', /not JSON/],
    [
      '{"schemaVersion":2,"config":{"size":99999999999999999999,"mediaType":"a/b"},"layers":[]}',
      /digest|size/,
    ],
    [
      JSON.stringify(image).replace('"size":2', '"size":1e999'),
      /size": expected a whole number .* got Infinity/,
    ],
    [JSON.stringify(image).replace('"size":2', '"size":9007199254740993'), /size/],
  ];
  for (const [value, message] of cases) refused(value, 'MANIFEST_INVALID', message);
});

test('parseManifest() refuses hostile JSON', () => {
  refused(`\uFEFF${JSON.stringify(image)}`, 'MANIFEST_INVALID', /byte order mark/);
  assert.throws(() => parseManifest(Buffer.from([0x7b, 0xff, 0x7d])), {
    code: 'MANIFEST_INVALID',
    message: /not UTF-8/,
  });
  refused('['.repeat(1_000_000), 'MANIFEST_INVALID', /nested more than 64/);
  refused(`{"a":`.repeat(500_000), 'MANIFEST_INVALID', /nested more than 64/);
  assert.throws(() => parseManifest(Buffer.alloc(MANIFEST_MAX_SIZE_BYTES + 1, 0x20)), {
    code: 'MANIFEST_INVALID',
    message: /at most 4194304/,
  });
  const many = { ...image, layers: Array.from({ length: 20_001 }, () => blob('a')) };
  refused(many, 'MANIFEST_INVALID', /20001 entries|at most/);
});

test('parseManifest() takes prototype keys as plain keys', () => {
  const text = JSON.stringify(image).replace(
    /}$/,
    ',"__proto__":{"config":1,"manifests":[]},"annotations":{"__proto__":"x","constructor":"y"}}',
  );
  const parsed = parseManifest(bytes(text));
  assert.equal(parsed.kind, 'manifest');
  const annotations = parsed.kind === 'manifest' ? parsed.manifest.annotations : undefined;
  assert.deepEqual(Object.entries(annotations ?? {}), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  assert.equal(Object.getPrototypeOf(annotations), Object.prototype);
  refused(`{"__proto__":${JSON.stringify(image)}}`, 'MANIFEST_INVALID', /schemaVersion/);
});

test('parseManifest() throws nothing but OciError for any JSON', () => {
  const key = fc.constantFrom(
    'schemaVersion',
    'mediaType',
    'config',
    'layers',
    'manifests',
    'subject',
    'annotations',
    'digest',
    'size',
    '__proto__',
  );
  const leaf = fc.constantFrom(
    2,
    1,
    -1,
    'x',
    '',
    null,
    true,
    MEDIA_TYPE_OCI_INDEX,
    MEDIA_TYPE_OCI_MANIFEST,
    config.digest,
    config,
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value')),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, value), (body) => {
      try {
        manifestLinks(parseManifest(bytes({ schemaVersion: 2, ...body })));
      } catch (error) {
        assert.equal((error as Error).name, 'OciError', String(error));
      }
    }),
    { numRuns: process.env.BERTH_SOAK ? 50_000 : 500 },
  );
});

test('manifestLinks() names what must be there, each once', () => {
  const foreign = blob('f', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip');
  const parsed = parseManifest(
    bytes({ ...image, layers: [blob('a'), foreign, blob('a'), blob('b')], subject: blob('s') }),
  );
  assert.deepEqual(manifestLinks(parsed), {
    blobs: [config, blob('a'), blob('b')],
    manifests: [],
    subject: blob('s'),
  });
  const children = manifestLinks(
    parseManifest(bytes({ ...index, manifests: [...index.manifests, ...index.manifests] })),
  );
  assert.deepEqual(children, { blobs: [], manifests: index.manifests });
});

test('embeddedData() gives bytes only when size and digest agree', () => {
  const descriptor = { mediaType: 'a/b', digest: digestBytes('{}'), size: 2, data: 'e30=' };
  assert.deepEqual(embeddedData(descriptor), Buffer.from('{}'));
  assert.equal(embeddedData({ ...descriptor, size: 3 }), undefined);
  assert.equal(embeddedData({ ...descriptor, data: 'e31=' }), undefined);
  assert.equal(embeddedData({ ...descriptor, data: '!' }), undefined);
  assert.equal(embeddedData({ mediaType: 'a/b', digest: descriptor.digest, size: 2 }), undefined);
});
