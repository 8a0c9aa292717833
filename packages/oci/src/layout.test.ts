import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  archiveConfigPath,
  archiveLayerPath,
  cleanArchivePath,
  formatArchiveManifest,
  formatArchiveRepositories,
  parseArchiveManifest,
  parseArchiveRepositories,
  resolveArchiveLink,
} from './archive.ts';
import { type DiffID, digestBytes } from './digest.ts';
import {
  emptyLayoutIndex,
  formatLayoutHeader,
  formatLayoutIndex,
  layoutBlobPath,
  layoutRefName,
  parseLayoutHeader,
  parseLayoutIndex,
  withLayoutEntry,
} from './layout.ts';

const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const descriptor = (text: string) => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: digestBytes(text),
  size: text.length,
});

test('a layout header and index are read back', () => {
  assert.deepEqual(parseLayoutHeader(bytes(formatLayoutHeader())), { imageLayoutVersion: '1.0.0' });
  const index = withLayoutEntry(emptyLayoutIndex(), descriptor('a'), 'v1');
  assert.deepEqual(parseLayoutIndex(bytes(formatLayoutIndex(index))), index);
  assert.equal(layoutBlobPath(digestBytes('')), `blobs/sha256/${digestBytes('').slice(7)}`);
});

test('parseLayoutHeader() and parseLayoutIndex() refuse what is no layout', () => {
  for (const text of ['{}', '', '{"imageLayoutVersion":"2.0.0"}', '{"imageLayoutVersion":1}', '[]']) {
    assert.throws(() => parseLayoutHeader(bytes(text)), { name: 'OciError', code: 'LAYOUT_INVALID' }, text);
  }
  const image = { schemaVersion: 2, config: descriptor('c'), layers: [] };
  assert.throws(() => parseLayoutIndex(bytes(image)), { code: 'LAYOUT_INVALID' });
  assert.throws(() => parseLayoutIndex(bytes('{}')), { code: 'MANIFEST_INVALID' });
});

test('withLayoutEntry() moves a name and keeps the other entries', () => {
  let index = withLayoutEntry(emptyLayoutIndex(), descriptor('a'), 'v1');
  index = withLayoutEntry(index, descriptor('a'), 'v2');
  index = withLayoutEntry(index, { ...descriptor('b'), annotations: { x: 'y' } }, 'v1');
  index = withLayoutEntry(index, descriptor('c'));
  index = withLayoutEntry(index, descriptor('c'));
  index = withLayoutEntry(index, descriptor('d'));
  assert.deepEqual(
    index.manifests.map((each) => [each.digest, layoutRefName(each)]),
    [
      [digestBytes('a'), 'v2'],
      [digestBytes('b'), 'v1'],
      [digestBytes('c'), undefined],
      [digestBytes('d'), undefined],
    ],
  );
  assert.equal(index.manifests[1]?.annotations?.x, 'y');
});

test('an archive manifest is read back, and read as Docker wrote it', () => {
  const config = digestBytes('c');
  const entry = {
    Config: archiveConfigPath(config),
    RepoTags: ['a:1'],
    Layers: [archiveLayerPath(digestBytes('l') as DiffID)],
  };
  assert.deepEqual(parseArchiveManifest(bytes(formatArchiveManifest([entry]))), [entry]);
  const docker = [{ Config: 'blobs/sha256/x', RepoTags: null, Layers: ['./id/layer.tar'], LayerSources: {} }];
  assert.deepEqual(parseArchiveManifest(bytes(docker)), [
    { Config: 'blobs/sha256/x', RepoTags: [], Layers: ['id/layer.tar'] },
  ]);
  assert.deepEqual(parseArchiveManifest(bytes('[]')), []);
  const repositories = { 'a/b': { '1': 'id' }, ['__proto__']: { x: 'y' } };
  assert.deepEqual(
    Object.entries(parseArchiveRepositories(bytes(formatArchiveRepositories(repositories)))),
    Object.entries(repositories),
  );
});

test('parseArchiveManifest() refuses damage and paths that leave the archive', () => {
  const wrong: unknown[] = [
    '',
    '{}',
    [1],
    [{}],
    [{ Config: 1 }],
    [{ Config: 'c', Layers: 'x' }],
    [{ Config: 'c', Layers: [1] }],
  ];
  for (const path of ['../x', '/etc/passwd', '', '.', 'a/../..', 'a\0b', 'a\\..\\b']) {
    wrong.push([{ Config: path, Layers: [] }], [{ Config: 'c', Layers: [path] }]);
  }
  for (const value of wrong) {
    assert.throws(
      () => parseArchiveManifest(bytes(value)),
      { name: 'OciError', code: 'ARCHIVE_INVALID' },
      JSON.stringify(value),
    );
  }
  assert.throws(() => parseArchiveRepositories(bytes('{"a":{"b":1}}')), { code: 'ARCHIVE_INVALID' });
});

test('resolveArchiveLink() follows links inside the archive only', () => {
  assert.equal(cleanArchivePath('./a//b/./c'), 'a/b/c');
  assert.equal(cleanArchivePath('a/../b'), 'b');
  assert.equal(resolveArchiveLink('id/layer.tar', '../x.tar'), 'x.tar');
  assert.equal(resolveArchiveLink('id/layer.tar', '../other/layer.tar'), 'other/layer.tar');
  assert.throws(() => resolveArchiveLink('id/layer.tar', '../../x'), { code: 'ARCHIVE_INVALID' });
  assert.throws(() => resolveArchiveLink('id/layer.tar', '/x'), { code: 'ARCHIVE_INVALID' });
});
