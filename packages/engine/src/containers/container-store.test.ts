import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Container } from './container.ts';
import { ContainerStore } from './container-store.ts';
import { parseContainerName } from './ids.ts';
import { type ContainerSettings, FIRST_STATE } from './model.ts';
import { randomName } from './random-name.ts';

const settings = {
  imageId: 'sha256:1',
  config: { Image: 'x' },
  hostConfig: {},
  mounts: [],
} as unknown as ContainerSettings;

function container(id: string, name: string): Container {
  return new Container({ id: id.padEnd(64, '0'), name, createdAt: new Date(), settings, state: FIRST_STATE });
}

describe('ContainerStore.find()', () => {
  const store = new ContainerStore();
  const ab1 = container('ab1', 'one');
  const ab2 = container('ab2', 'two');
  // A name that looks like the beginning of another's id.
  const named = container('ff', 'ab1');
  for (const one of [ab1, ab2, named]) store.add(one);

  test('by id, name, name with slash, and the beginning of an id', () => {
    assert.equal(store.find(ab2.id), ab2);
    assert.equal(store.find('two'), ab2);
    assert.equal(store.find('/two'), ab2);
    assert.equal(store.find('ab2'), ab2);
    assert.equal(store.find('ab1'), named, 'a name wins over a beginning');
  });

  test('says so in Docker’s words where there is none, or several', () => {
    assert.throws(() => store.find('nope'), {
      code: 'CONTAINER_UNKNOWN',
      message: 'No such container: nope',
    });
    assert.throws(() => store.find(''), { code: 'CONTAINER_UNKNOWN' });
    assert.throws(() => store.find('ab'), {
      code: 'CONTAINER_AMBIGUOUS',
      message: 'multiple IDs found with provided prefix: ab',
    });
  });
});

test('ContainerStore.reserve() gives a name to one only, until it is released', () => {
  const store = new ContainerStore();
  store.reserve('a', 'id-1');
  assert.throws(() => store.reserve('a', 'id-2'), {
    code: 'NAME_TAKEN',
    message:
      'Conflict. The container name "/a" is already in use by container "id-1". You have to remove (or rename) that container to be able to reuse that name.',
  });
  store.release('a', 'id-2');
  assert.ok(store.isTaken('a'), 'a stranger cannot release it');
  store.release('a', 'id-1');
  store.reserve('a', 'id-2');
});

test('ContainerStore.users() has those that are being made and not those that are going', () => {
  const store = new ContainerStore();
  const coming = container('a1', 'coming');
  const going = container('a2', 'going');
  store.add(going);
  going.isLeaving = true;
  {
    using _pending = store.expect(coming);
    assert.deepEqual(store.users(), [coming]);
    assert.deepEqual(store.all(), [going]);
  }
  assert.deepEqual(store.users(), []);
});

test('parseContainerName() takes what Docker takes', () => {
  assert.equal(parseContainerName('/web-1_a.b'), 'web-1_a.b');
  for (const text of ['', '/', 'a', '-ab', 'a/b', 'a b', '../x', 'ä1', 'a\nb']) {
    assert.throws(
      () => parseContainerName(text),
      { code: 'NAME_INVALID', message: /^Invalid container name/ },
      text,
    );
  }
});

test('randomName() is a name, and goes on while names are taken', () => {
  let tries = 0;
  const name = randomName(() => ++tries < 20);
  assert.match(name, /^[a-z]+_[a-z]+\d+$/);
  assert.equal(parseContainerName(name), name);
});

describe('Container.tell()', () => {
  test('a stop does not wake those who wait for the removal; the removal wakes all', async () => {
    const one = container('a', 'one');
    one.state = { ...FIRST_STATE, exitCode: 7, error: 'words' };
    const stopped = one.waitFor('stopped');
    const removed = one.waitFor('removed');
    one.tell('stopped');
    assert.deepEqual(await stopped.promise, { exitCode: 7, error: 'words' });
    const late = one.waitFor('stopped');
    one.tell('removed');
    assert.deepEqual(await removed.promise, { exitCode: 7 });
    assert.deepEqual(await late.promise, { exitCode: 7 });
  });

  test('a failed removal says why', async () => {
    const one = container('a', 'one');
    const { promise } = one.waitFor('removed');
    one.tell('removed', 'disk on fire');
    assert.deepEqual(await promise, { exitCode: 0, error: 'disk on fire' });
  });
});
