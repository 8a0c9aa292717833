import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChainID, type DiffID, digestBytes, makeTarEntry, writeTar } from '@berth/oci';
import { type LayerInput, type LayerStore, openLayerStore } from '@berth/storage';
import type { Lab } from '../../lab/peers.ts';
import type { BenchResult } from '../bench.ts';
import { benchFolder } from '../engine/start-engines.ts';
import { median } from '../pairs.ts';
import type { StorageSize } from './benches.ts';

const DEEP = 64;
const MANY = 100;
const CHANGED = 10;

/** What the layer store costs besides unpacking; it has no peer, so the goals are times. */
export async function benchLayerTimes(_lab: Lab, size: StorageSize): Promise<readonly BenchResult[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await benchFolder(stack);
  await using store = await openLayerStore({ root: join(folder, 'store'), driver: 'overlay2' });
  const deep = await applyAll(store, DEEP, 'deep');
  const mounts = await times(size.calls, () => mountOnce(store, deep));
  const commits = await commitTimes(store, size);
  await applyAll(store, MANY - DEEP, 'more');
  const checks = await times(size.calls, async () => {
    const startedAt = performance.now();
    const problems = await store.check();
    if (problems.length > 0) throw new Error(`The layer store is not whole: ${JSON.stringify(problems)}`);
    return performance.now() - startedAt;
  });
  const result = (name: string, atMost: number, all: readonly number[]): BenchResult => ({
    ...{ name, unit: 'ms', goal: { atMost }, ours: median(all) },
    rounds: [{ ours: median(all) }],
  });
  return [
    result(`mount of ${DEEP} layers`, 10, mounts),
    result(`commit of ${CHANGED} changed files of ${size.files}`, 50, commits),
    result(`check of ${MANY} layers`, 1000, checks),
  ];
}

async function mountOnce(store: LayerStore, parent: ChainID): Promise<number> {
  await store.createContainerLayer('mounted', { parent });
  const startedAt = performance.now();
  await store.mount('mounted');
  const ms = performance.now() - startedAt;
  await store.removeContainerLayer('mounted');
  return ms;
}

async function commitTimes(store: LayerStore, { files, calls }: StorageSize): Promise<readonly number[]> {
  const names = Array.from({ length: files }, (_, at) => `f/${Math.floor(at / 100)}/${at}`);
  const [base] = await store.apply({ layers: [await layerOf(names)], owner: 'base' });
  return await times(calls, async (call) => {
    await store.createContainerLayer('changed', base === undefined ? {} : { parent: base.chainID });
    const root = await store.mount('changed');
    for (let at = 0; at < CHANGED; at++) {
      await appendFile(join(root, names[Math.floor((at * files) / CHANGED)] ?? ''), `changed ${call}`);
    }
    const startedAt = performance.now();
    await store.commit('changed', { owner: 'commit' });
    const ms = performance.now() - startedAt;
    await store.removeContainerLayer('changed');
    await store.removeOwner('commit');
    return ms;
  });
}

async function applyAll(store: LayerStore, count: number, owner: string): Promise<ChainID> {
  const layers: LayerInput[] = [];
  for (let at = 0; at < count; at++) layers.push(await layerOf([`${owner}-${at}`]));
  const applied = await store.apply({ layers, owner });
  return applied.at(-1)?.chainID as ChainID;
}

async function layerOf(names: readonly string[]): Promise<LayerInput> {
  const inputs = names.map((path) => {
    const content = Buffer.from(`content of ${path}\n`);
    return { entry: makeTarEntry({ type: 'file', path, size: content.length }), content: [content] };
  });
  const tar = Buffer.concat(await Array.fromAsync(writeTar(inputs)));
  return {
    diffID: digestBytes(tar) as DiffID,
    open: async function* () {
      yield tar;
    },
  };
}

async function times(count: number, measure: (call: number) => Promise<number>): Promise<readonly number[]> {
  const all: number[] = [];
  for (let call = 0; call < count; call++) all.push(await measure(call));
  return all;
}
