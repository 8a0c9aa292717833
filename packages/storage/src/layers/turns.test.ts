import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type Member, Turns } from './turns.ts';

const { signal } = new AbortController();

interface Layer extends Member {
  readonly weight: number;
  readonly make: () => void;
}

function layersOf(weights: readonly number[], waits: (at: number) => boolean = () => false): Layer[] {
  return weights.map((weight, at) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    return { made: promise, waitsForParent: waits(at), weight, make: resolve };
  });
}

/** Each is made when the one below is, and filled in its turn; `order` tells by weight. */
async function fill(layers: readonly Layer[], limit: number): Promise<number[]> {
  const turns = new Turns(limit);
  const order: number[] = [];
  for (const layer of layers) turns.add(layer);
  turns.close();
  let below: Promise<void> = Promise.resolve();
  const filling: Promise<void>[] = [];
  for (const layer of layers) {
    const parent = layer.waitsForParent ? filling.at(-1) : below;
    const made = Promise.resolve(parent).then(() => layer.make());
    const filled = made.then(async () => {
      using _ = await turns.take(layer, { signal, weight: layer.weight });
      order.push(layer.weight);
      await turn();
    });
    filling.push(filled);
    below = made;
  }
  await Promise.all(filling);
  return order;
}

test('the largest of one call is filled first', async () => {
  assert.deepEqual(await fill(layersOf([50, 73, 93, 105, 1]), 1), [105, 93, 73, 50, 1]);
});

test('no more than some layers ahead are waited for', async () => {
  const layers = layersOf([...Array(8).fill(1), 2, 99]);
  const turns = new Turns(2);
  for (const layer of layers) turns.add(layer);
  turns.close();
  for (const { make } of layers.slice(0, 9)) make();
  // The last one is not made, and will not be: the first does not look so far.
  using _ = await turns.take(layers[0] ?? assert.fail(), { signal, weight: 1 });
});

test('where a layer is made only when the one below is whole, nobody waits for it', async () => {
  assert.deepEqual(
    await fill(
      layersOf([1, 2, 3], () => true),
      2,
    ),
    [1, 2, 3],
  );
  assert.deepEqual(
    await fill(
      layersOf([1, 5, 2, 9, 8], (at) => at === 2),
      1,
    ),
    [5, 9, 8, 2, 1],
  );
});

test('a layer that cannot be made holds nobody up, and a turn is given back once', async () => {
  const turns = new Turns(1);
  const broken: Member = { made: Promise.reject(new Error('no space')), waitsForParent: false };
  const good: Member = { made: Promise.resolve(), waitsForParent: false };
  for (const member of [good, broken]) turns.add(member);
  turns.close();
  const first = await turns.take(good, { signal, weight: 0 });
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  using _second = await turns.take(good, { signal, weight: 0 });
  const abort = new AbortController();
  const third = turns.take(good, { signal: abort.signal, weight: 0 });
  await turn();
  abort.abort(new Error('enough'));
  await assert.rejects(third, /enough/);
});
