import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallTar } from './testing/small-tar.ts';
import { openTestImages } from './testing/test-images.ts';

test('list() is newest first and filters by name, label, age and order', async () => {
  await using engine = await openTestImages();
  const add = (reference: string, changes: readonly string[] = []) =>
    engine.images.importTar(smallTar({ file: reference }), { reference, changes });
  await add('debian:12');
  await add('debian:13', ['LABEL env=test']);
  await add('localhost:5000/team/app:1');
  const nameless = await engine.images.importTar(smallTar({ file: 'nameless' }));
  const names = async (filters: Record<string, string[]> = {}) =>
    (await engine.images.list({ filters })).map(({ RepoTags }) => RepoTags.join());
  assert.deepEqual(await names(), ['', 'localhost:5000/team/app:1', 'debian:13', 'debian:12']);
  assert.deepEqual(await names({ reference: ['debian'] }), ['debian:13', 'debian:12']);
  assert.deepEqual(await names({ reference: ['debian:*3', 'nothing'] }), ['debian:13']);
  assert.deepEqual(await names({ reference: ['*/*/app'] }), ['localhost:5000/team/app:1']);
  assert.deepEqual(await names({ reference: ['app'] }), []);
  assert.deepEqual(await names({ label: ['env=test'] }), ['debian:13']);
  assert.deepEqual(await names({ label: ['env=prod'] }), []);
  assert.deepEqual(await names({ dangling: ['true'] }), ['']);
  assert.deepEqual(await names({ dangling: ['false'], reference: ['debian'] }), ['debian:13', 'debian:12']);
  assert.deepEqual(await names({ since: ['debian:13'] }), ['', 'localhost:5000/team/app:1']);
  assert.deepEqual(await names({ before: ['debian:13'] }), ['debian:12']);
  assert.deepEqual(await names({ until: ['1h'] }), []);
  await assert.rejects(names({ nope: ['x'] }), { code: 'FILTER_INVALID', message: "invalid filter 'nope'" });
  await assert.rejects(names({ dangling: ['maybe'] }), {
    code: 'FILTER_INVALID',
    message: "invalid filter 'dangling=[maybe]'",
  });
  await assert.rejects(names({ before: ['nothing'] }), { code: 'IMAGE_UNKNOWN' });
  const [first] = await engine.images.list();
  assert.deepEqual(
    [first?.Id, first?.SharedSize, first?.Containers, first?.Labels, first?.ParentId],
    [nameless, -1, -1, null, ''],
  );
});

test('find() takes names, digests, ids and the beginning of an id', async () => {
  await using engine = await openTestImages();
  const id = await engine.images.importTar(smallTar({ file: 'x' }), { reference: 'docker.io/library/app' });
  for (const name of ['app', 'app:latest', 'library/app', 'docker.io/library/app:latest']) {
    assert.equal((await engine.images.find(name))?.id, id, name);
  }
  for (const text of [id, id.slice(7), id.slice(0, 20), id.slice(7, 12)]) {
    assert.equal((await engine.images.find(text))?.id, id, text);
  }
  for (const name of ['app:other', 'ap', `app@${id}`, 'localhost:5000/app', '0'.repeat(64), 'sha256:zz']) {
    assert.equal(await engine.images.find(name), undefined, name);
  }
  const other = await engine.images.importTar(smallTar({ file: 'y' }));
  let common = 0;
  while (id[common] === other[common]) common += 1;
  if (common > 7) await assert.rejects(engine.images.find(id.slice(7, common)), { code: 'IMAGE_AMBIGUOUS' });
  await assert.rejects(engine.images.inspect('app:other'), { message: 'No such image: app:other' });
  await assert.rejects(engine.images.inspect('nope'), { message: 'No such image: nope:latest' });
});

test('the beginning of several ids is refused', async () => {
  await using engine = await openTestImages();
  const seen = new Map<string, string>();
  // Seventeen ids have two that begin with the same digit.
  for (let count = 0; count < 17; count += 1) {
    const id = await engine.images.importTar(smallTar({ file: `${count}` }));
    const digit = id.slice(7, 8);
    if (seen.has(digit)) {
      const code = { code: 'IMAGE_AMBIGUOUS', message: `multiple IDs found with provided prefix: ${digit}` };
      return void (await assert.rejects(engine.images.find(digit), code));
    }
    seen.set(digit, id);
  }
});

test('tag() moves a name, and inspect() and history() tell of an image', async () => {
  await using engine = await openTestImages({ version: '9.9' });
  const changes = ['CMD ["/app"]', 'ENV A=1', 'LABEL k=v'];
  const id = await engine.images.importTar(smallTar({ file: 'one' }), { reference: 'app:1', changes });
  const other = await engine.images.importTar(smallTar({ file: 'two' }), { message: 'by hand' });
  const shown = await engine.images.inspect('app:1');
  assert.deepEqual(
    [shown.Id, shown.RepoTags, shown.RepoDigests, shown.Comment, shown.DockerVersion, shown.Os, shown.Size],
    [id, ['app:1'], [], 'Imported from -', '9.9', 'linux', 3],
  );
  assert.deepEqual(shown.Config, { Cmd: ['/app'], Env: ['A=1'], Labels: { k: 'v' } });
  assert.equal(shown.RootFS.Layers.length, 1);
  assert.equal(shown.GraphDriver.Name, 'vfs');
  await engine.images.tag(other, 'app:1');
  assert.deepEqual((await engine.images.inspect('app:1')).Id, other);
  assert.deepEqual((await engine.images.inspect(id)).RepoTags, []);
  const stored = await engine.images.find('app:1');
  assert.ok(stored !== undefined);
  const history = [
    ...(stored.config.history ?? []),
    { created: '2026-01-01T00:00:00Z', created_by: 'CMD x', empty_layer: true },
  ];
  await engine.images.add({
    config: { ...stored.config, history },
    parent: stored.id,
    reference: 'top',
  });
  const items = await engine.images.history('top');
  assert.deepEqual(
    items.map(({ Id, CreatedBy, Tags, Size, Comment }) => [Id, CreatedBy, Tags, Size, Comment]),
    [
      [(await engine.images.find('top'))?.id, 'CMD x', ['top:latest'], 0, ''],
      [other, '', ['app:1'], 3, 'by hand'],
    ],
  );
  await assert.rejects(engine.images.tag('app:1', `x@${id}`), {
    code: 'REFERENCE_INVALID',
    message: 'refusing to create a tag with a digest reference',
  });
  await assert.rejects(engine.images.tag('nope', 'x'), { code: 'IMAGE_UNKNOWN' });
});
