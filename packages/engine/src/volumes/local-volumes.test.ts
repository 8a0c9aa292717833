import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMountPoint } from '@berth/linux';
import { openTestVolumes } from './testing/test-volumes.ts';

const ANONYMOUS = 'com.docker.volume.anonymous';

test('create() makes a folder that others may pass and not list, once', async () => {
  await using engine = await openTestVolumes();
  const made = await engine.volumes.create({ Name: 'data', Labels: { a: '1' } });
  assert.deepEqual(
    [made.Name, made.Driver, made.Scope, made.Labels, made.Options],
    ['data', 'local', 'local', { a: '1' }, null],
  );
  assert.equal(made.Mountpoint, join(engine.dataRoot, 'volumes/data/_data'));
  const modes = [made.Mountpoint, join(made.Mountpoint, '..')].map(
    async (path) => (await stat(path)).mode & 0o777,
  );
  assert.deepEqual(await Promise.all(modes), [0o755, 0o701]);
  await writeFile(join(made.Mountpoint, 'kept'), 'x');
  const again = await engine.volumes.create({ Name: 'data', Labels: { b: '2' } });
  assert.deepEqual(again, made);
  assert.deepEqual(await readdir(made.Mountpoint), ['kept']);
  assert.deepEqual(
    engine.events.map(({ Action, Actor }) => `${Action} ${Actor.ID} ${Actor.Attributes.driver}`),
    ['create data local'],
  );
});

test('create() without a name makes an anonymous volume', async () => {
  await using engine = await openTestVolumes();
  const made = await engine.volumes.create({});
  assert.match(made.Name, /^[0-9a-f]{64}$/);
  assert.deepEqual(made.Labels, { [ANONYMOUS]: '' });
  const { isAnonymous, isNew } = await engine.volumes.ensure(made.Name);
  assert.deepEqual([isAnonymous, isNew], [true, false]);
});

for (const [name, words] of [
  ['a', /too short/],
  [
    '../x',
    /includes invalid characters for a local volume name, only "\[a-zA-Z0-9\]\[a-zA-Z0-9_.-\]" are allowed/,
  ],
  ['a/b', /includes invalid characters/],
  ['.hidden', /includes invalid characters/],
  ['a\0b', /includes invalid characters/],
  ['x'.repeat(300), /too long/],
] as const) {
  test(`create() refuses the name ${JSON.stringify(name.slice(0, 20))} and makes nothing`, async () => {
    await using engine = await openTestVolumes();
    await assert.rejects(engine.volumes.create({ Name: name }), { code: 'VOLUME_INVALID', message: words });
    assert.deepEqual(await readdir(join(engine.dataRoot, 'volumes')), []);
  });
}

test('create() refuses drivers and options that are not there, in words', async () => {
  await using engine = await openTestVolumes();
  const refused = async (options: object, code: string, message: RegExp) =>
    assert.rejects(engine.volumes.create({ Name: 'data', ...options }), { code, message });
  await refused({ Driver: 'nope' }, 'VOLUME_UNKNOWN', /plugin "nope" not found/);
  await refused({ DriverOpts: { colour: 'red' } }, 'VOLUME_INVALID', /invalid option: "colour"/);
  await refused({ DriverOpts: { type: 'tmpfs' } }, 'VOLUME_INVALID', /missing required option: "device"/);
  const nfs = { type: 'nfs', device: ':/x', o: 'addr=1.2.3.4' };
  await refused({ DriverOpts: nfs }, 'NOT_IMPLEMENTED', /type "nfs" are not supported/);
  assert.deepEqual(await engine.volumes.list(), []);
});

test('remove() refuses a volume in use, forgets one that is not, and with force says nothing of none', async () => {
  await using engine = await openTestVolumes();
  const { Mountpoint } = await engine.volumes.create({ Name: 'data' });
  engine.users.set('data', ['aaa', 'bbb']);
  await assert.rejects(engine.volumes.remove('data'), {
    code: 'VOLUME_IN_USE',
    message: 'remove data: volume is in use - [aaa, bbb]',
  });
  await assert.rejects(engine.volumes.remove('data', { force: true }), { code: 'VOLUME_IN_USE' });
  engine.users.clear();
  await engine.volumes.remove('data');
  await assert.rejects(stat(Mountpoint), { code: 'ENOENT' });
  await assert.rejects(engine.volumes.inspect('data'), { message: 'get data: no such volume' });
  await assert.rejects(engine.volumes.remove('data'), { code: 'VOLUME_UNKNOWN' });
  await engine.volumes.remove('data', { force: true });
  assert.deepEqual(
    engine.events.map(({ Action }) => Action),
    ['create', 'destroy'],
  );
});

test('list() filters, counts users and sizes', async () => {
  await using engine = await openTestVolumes();
  const { Mountpoint } = await engine.volumes.create({ Name: 'web-data', Labels: { env: 'test' } });
  await engine.volumes.create({ Name: 'db-data' });
  await writeFile(join(Mountpoint, 'file'), Buffer.alloc(100_000));
  engine.users.set('web-data', ['aaa']);
  const names = async (filters: Record<string, string[]>) =>
    (await engine.volumes.list(filters)).map(({ Name }) => Name);
  assert.deepEqual(await names({}), ['db-data', 'web-data']);
  assert.deepEqual(await names({ dangling: ['true'] }), ['db-data']);
  assert.deepEqual(await names({ dangling: ['false'] }), ['web-data']);
  assert.deepEqual(await names({ label: ['env=test'] }), ['web-data']);
  assert.deepEqual(await names({ name: ['data'] }), ['db-data', 'web-data']);
  assert.deepEqual(await names({ name: ['^db'] }), ['db-data']);
  assert.deepEqual(await names({ driver: ['other'] }), []);
  await assert.rejects(names({ nope: ['1'] }), { code: 'FILTER_INVALID', message: "invalid filter 'nope'" });
  const usage = async () =>
    (await engine.volumes.list({}, { usage: true })).map(({ UsageData }) => UsageData);
  assert.deepEqual(await usage(), [
    { Size: 0, RefCount: 0 },
    { Size: 100_000, RefCount: 1 },
  ]);
  await rm(Mountpoint, { recursive: true });
  assert.deepEqual((await usage())[1], { Size: -1, RefCount: 1 });
});

test('prune() takes anonymous volumes that nobody has, and with all every one', async () => {
  await using engine = await openTestVolumes();
  const anonymous = await engine.volumes.ensure(undefined);
  const used = await engine.volumes.ensure(undefined);
  await engine.volumes.create({ Name: 'named' });
  engine.users.set(used.name, ['aaa']);
  await writeFile(join(anonymous.path, 'file'), Buffer.alloc(10_000));
  const first = await engine.volumes.prune();
  assert.deepEqual(first.VolumesDeleted, [anonymous.name]);
  assert.equal(first.SpaceReclaimed, 10_000);
  assert.deepEqual((await engine.volumes.prune({ all: ['true'] })).VolumesDeleted, ['named']);
  assert.deepEqual(
    (await engine.volumes.list()).map(({ Name }) => Name),
    [used.name],
  );
});

test('removeAnonymous() leaves named volumes and those of others', async () => {
  await using engine = await openTestVolumes();
  const [own, shared] = [await engine.volumes.ensure(undefined), await engine.volumes.ensure(undefined)];
  await engine.volumes.ensure('named');
  engine.users.set(shared.name, ['other']);
  await engine.volumes.removeAnonymous([own.name, shared.name, 'named', 'unknown']);
  const left = (await engine.volumes.list()).map(({ Name }) => Name).sort();
  assert.deepEqual(left, ['named', shared.name].sort());
});

test('a bind volume is the folder of the host, which stays when the volume goes', async () => {
  await using engine = await openTestVolumes();
  const folder = await mkdtemp(join(tmpdir(), 'berth-bound-'));
  try {
    await engine.volumes.create({ Name: 'bound', DriverOpts: { type: 'none', o: 'bind', device: folder } });
    assert.equal((await engine.volumes.find('bound'))?.path, folder);
    await writeFile(join(folder, 'kept'), 'x');
    await engine.volumes.remove('bound');
    assert.equal(await readFile(join(folder, 'kept'), 'utf8'), 'x');
    const missing = { type: 'none', o: 'bind', device: join(folder, 'not-there') };
    await engine.volumes.create({ Name: 'missing', DriverOpts: missing });
    await assert.rejects(engine.volumes.ensure('missing'), { code: 'VOLUME_INVALID' });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a tmpfs volume is mounted when it is used and unmounted when it goes', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('mounting needs root');
  await using engine = await openTestVolumes();
  const options = { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=0700' };
  const { Mountpoint } = await engine.volumes.create({ Name: 'fast', DriverOpts: options });
  assert.equal(isMountPoint(Mountpoint), false);
  const { path } = await engine.volumes.ensure('fast');
  assert.deepEqual([path, isMountPoint(path)], [Mountpoint, true]);
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  await engine.volumes.ensure('fast');
  await engine.volumes.remove('fast');
  assert.equal(isMountPoint(Mountpoint), false);
});

test('openVolumes() finishes a removal that was killed', async () => {
  const dataRoot = await mkdtemp(join(tmpdir(), 'berth-volumes-'));
  try {
    {
      await using engine = await openTestVolumes({
        dataRoot,
        onStep: (step) => {
          if (step === 'volumes.removing') throw new Error('killed');
        },
      });
      const { Mountpoint } = await engine.volumes.create({ Name: 'data' });
      await mkdir(join(Mountpoint, 'deep/er'), { recursive: true });
      await assert.rejects(engine.volumes.remove('data'), /killed/);
      // Nobody sees it any more, and it can be made again, empty.
      assert.deepEqual(await engine.volumes.list(), []);
    }
    await using engine = await openTestVolumes({ dataRoot });
    assert.deepEqual(await readdir(join(dataRoot, 'volumes')), []);
    const { path, isNew } = await engine.volumes.ensure('data');
    assert.deepEqual([isNew, await readdir(path)], [true, []]);
  } finally {
    await rm(dataRoot, { recursive: true });
  }
});

test('openVolumes() takes away the folder of a creation that was killed, and none that has something in it', async () => {
  const dataRoot = await mkdtemp(join(tmpdir(), 'berth-volumes-'));
  try {
    {
      await using engine = await openTestVolumes({
        dataRoot,
        onStep: (step) => {
          if (step === 'volumes.before-created') throw new Error('killed');
        },
      });
      await assert.rejects(engine.volumes.create({}), /killed/);
    }
    const folder = join(dataRoot, 'volumes');
    assert.equal((await readdir(folder)).length, 1);
    await mkdir(join(folder, 'half'));
    await mkdir(join(folder, 'somebodys/_data'), { recursive: true });
    await writeFile(join(folder, 'somebodys/_data/kept'), 'x');
    await using engine = await openTestVolumes({ dataRoot });
    assert.deepEqual(await readdir(folder), ['somebodys']);
    assert.deepEqual(await readdir(join(folder, 'somebodys/_data')), ['kept']);
    assert.deepEqual(engine.faults, []);
  } finally {
    await rm(dataRoot, { recursive: true });
  }
});
