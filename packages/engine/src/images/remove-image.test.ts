import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ImageID, parseDigest } from '@berth/oci';
import { randomImage } from '@berth/oci/testing';
import { startSmallRegistry } from './testing/small-registry.ts';
import { smallTar } from './testing/small-tar.ts';
import { openTestImages, type TestImages } from './testing/test-images.ts';

function short(id: string): string {
  return id.slice(7, 19);
}

async function imported(engine: TestImages, reference: string, text = reference): Promise<string> {
  return engine.images.importTar(smallTar({ file: text }), { reference });
}

/** What `docker rmi` prints. */
function printed(items: readonly ({ readonly Untagged: string } | { readonly Deleted: string })[]): string[] {
  return items.map((item) =>
    'Untagged' in item ? `Untagged: ${item.Untagged}` : `Deleted: ${item.Deleted}`,
  );
}

test('remove() takes a name away, and the image with its last one', async () => {
  await using engine = await openTestImages();
  const id = await imported(engine, 'app:1');
  await engine.images.tag('app:1', 'other/name:x');
  assert.deepEqual(printed(await engine.images.remove('app:1')), ['Untagged: app:1']);
  const chain = (await engine.images.find(id))?.chainID;
  const last = printed(await engine.images.remove('other/name:x'));
  assert.deepEqual(last, ['Untagged: other/name:x', `Deleted: ${id}`, `Deleted: ${chain}`]);
  await assert.rejects(engine.images.remove('other/name:x'), {
    code: 'IMAGE_UNKNOWN',
    message: 'No such image: other/name:x',
  });
  const { layers } = await engine.layers.usage();
  assert.deepEqual(layers, []);
  const actions = engine.events.map(({ Action, Actor }) => `${Action} ${Actor.ID === id ? 'id' : Actor.ID}`);
  assert.deepEqual(actions, ['tag id', 'import id', 'tag id', 'untag id', 'untag id', 'delete id']);
});

test('remove() by id takes all names of one repository, and refuses several without force', async () => {
  await using engine = await openTestImages();
  const id = await imported(engine, 'app:1');
  await engine.images.tag('app:1', 'other:1');
  await assert.rejects(engine.images.remove(short(id)), {
    code: 'IMAGE_IN_USE',
    class: 'conflict',
    message: `conflict: unable to delete ${short(id)} (must be forced) - image is referenced in multiple repositories`,
  });
  const removed = printed(await engine.images.remove(id, { force: true }));
  assert.deepEqual(removed.slice(0, 3), ['Untagged: app:1', 'Untagged: other:1', `Deleted: ${id}`]);
});

test('remove() of the last tag takes the digests of its repository along', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const image = await randomImage({ seed: 'digests', layers: 1 });
  registry.put('a/app:1', image);
  const name = `${registry.host}/a/app`;
  await engine.images.pull(`${name}:1`);
  const removed = printed(await engine.images.remove(`${name}:1`));
  assert.deepEqual(removed.slice(0, 3), [
    `Untagged: ${name}:1`,
    `Untagged: ${name}@${image.descriptor.digest}`,
    `Deleted: ${image.manifest.config.digest}`,
  ]);
});

test('remove() respects containers in the sentences of Docker', async () => {
  await using engine = await openTestImages();
  const id = await imported(engine, 'app:1');
  const container = { id: 'c'.repeat(64), name: 'web', image: id, isRunning: false };
  engine.containers.push(container);
  await assert.rejects(engine.images.remove('app:1'), {
    code: 'IMAGE_IN_USE',
    message:
      `conflict: unable to remove repository reference "app:1" (must force) - ` +
      `container ${'c'.repeat(12)} is using its referenced image ${short(id)}`,
  });
  await assert.rejects(engine.images.remove(id), {
    message: `conflict: unable to delete ${short(id)} (must be forced) - image is being used by stopped container ${'c'.repeat(12)}`,
  });
  engine.containers.splice(0, 1, { ...container, isRunning: true });
  await assert.rejects(engine.images.remove(id, { force: true }), {
    message: `conflict: unable to delete ${short(id)} (cannot be forced) - image is being used by running container ${'c'.repeat(12)}`,
  });
  assert.equal((await engine.images.find('app:1'))?.id, id);
  await engine.images.tag(id, 'gone:1');
  assert.deepEqual(printed(await engine.images.remove('gone:1', { force: true })), ['Untagged: gone:1']);
  // With a second name the first may go, whoever uses the image.
  await engine.images.tag('app:1', 'app:2');
  assert.deepEqual(printed(await engine.images.remove('app:1')), ['Untagged: app:1']);
  engine.containers.splice(0, 1, container);
  const forced = printed(await engine.images.remove(id, { force: true }));
  assert.deepEqual(forced.slice(0, 2), ['Untagged: app:2', `Deleted: ${id}`]);
});

/** A second image over the layers of the first, as commit makes it. */
async function child(engine: TestImages, parent: string, reference?: string): Promise<ImageID> {
  const stored = await engine.images.find(parent);
  assert.ok(stored !== undefined);
  const config = { ...stored.config, config: { Cmd: [`${reference}`] } };
  return engine.images.add({ config, parent: stored.id, ...(reference === undefined ? {} : { reference }) });
}

test('remove() refuses an image that others were made from, and takes nameless parents along', async () => {
  await using engine = await openTestImages();
  const id = await imported(engine, 'base:1');
  const top = await child(engine, 'base:1', 'top:1');
  await assert.rejects(engine.images.remove(id, { force: true }), {
    message: `conflict: unable to delete ${short(id)} (cannot be forced) - image has dependent child images`,
  });
  // By name the name goes, and the image stays without a word.
  assert.deepEqual(printed(await engine.images.remove('base:1')), ['Untagged: base:1']);
  assert.equal(await engine.images.find('base:1'), undefined);
  assert.equal((await engine.images.list()).length, 1);
  assert.equal((await engine.images.list({ all: true })).length, 2);
  const removed = printed(await engine.images.remove('top:1'));
  assert.deepEqual(removed.slice(0, 3), ['Untagged: top:1', `Deleted: ${top}`, `Deleted: ${id}`]);
  assert.deepEqual((await engine.layers.usage()).layers, []);
});

test('remove() with noPrune leaves parents', async () => {
  await using engine = await openTestImages();
  const id = await imported(engine, 'base:1');
  await child(engine, 'base:1', 'top:1');
  await engine.images.remove('base:1');
  await engine.images.remove('top:1', { noPrune: true });
  assert.deepEqual(
    (await engine.images.list({ all: true })).map(({ Id }) => Id),
    [id],
  );
});

test('prune() takes images without a name, or all that nobody uses, and counts what it freed', async () => {
  await using engine = await openTestImages();
  const first = await imported(engine, 'app:1', 'first');
  await imported(engine, 'app:1', 'second one');
  const used = await imported(engine, 'used:1');
  engine.containers.push({ id: 'c'.repeat(64), name: 'web', image: used, isRunning: false });
  const pruned = await engine.images.prune();
  assert.deepEqual(printed(pruned.ImagesDeleted).slice(0, 1), [`Deleted: ${first}`]);
  assert.equal(pruned.SpaceReclaimed, 'first'.length);
  const all = await engine.images.prune({ dangling: ['false'] });
  assert.equal(all.SpaceReclaimed, 'second one'.length);
  assert.deepEqual(
    (await engine.images.list()).map(({ Id }) => Id),
    [used],
  );
  await assert.rejects(engine.images.prune({ nope: ['1'] }), { code: 'FILTER_INVALID' });
  const event = engine.events.findLast(({ Action }) => Action === 'prune');
  assert.deepEqual(event?.Actor.Attributes, { reclaimed: String(all.SpaceReclaimed) });
});

test('prune() looks at labels and age', async () => {
  await using engine = await openTestImages();
  const label = (reference: string, text: string) =>
    engine.images.importTar(smallTar({ file: reference }), { reference, changes: [`LABEL ${text}`] });
  await label('a:1', 'env=test');
  await label('b:1', 'env=prod');
  await label('c:1', 'keep=1');
  const deleted = async (filters: Record<string, string[]>) => {
    const { ImagesDeleted } = await engine.images.prune({ dangling: ['false'], ...filters });
    return printed(ImagesDeleted).filter((line) => line.startsWith('Untagged'));
  };
  assert.deepEqual(await deleted({ until: ['1h'] }), []);
  assert.deepEqual(await deleted({ label: ['env=test'] }), ['Untagged: a:1']);
  assert.deepEqual(await deleted({ 'label!': ['keep'] }), ['Untagged: b:1']);
});

test('remove() while the image is being pulled again leaves it whole', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const image = await randomImage({ seed: 'race', layers: 2, sizeBytes: 100_000 });
  registry.put('a/app:1', image);
  const name = `${registry.host}/a/app:1`;
  for (let round = 0; round < 8; round += 1) {
    await engine.images.pull(name);
    const pulling = engine.images.pull(name);
    await engine.images.remove(name).catch(() => {});
    await pulling.catch(() => {});
    const found = await engine.images.find(parseDigest(image.manifest.config.digest));
    if (found === undefined) continue;
    for await (const _ of engine.layers.readTar(found.chainID as NonNullable<typeof found.chainID>));
  }
  await engine.images.pull(name);
  await engine.images.remove(name);
  assert.deepEqual((await engine.layers.usage()).layers, []);
});
