/**
 * What the layer store costs besides unpacking: start, containers, deep stacks, small commits, check.
 *
 *     node packages/storage/src/layers/layers.bench.ts [driver] [folder]
 *
 * Prints one JSON object; medians in milliseconds.
 */
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@berth/db';
import { type ChainID, type DiffID, digestBytes } from '@berth/oci';
import { openDiskWork } from '../drivers/disk/open-disk-work.ts';
import { newLayerKey } from '../drivers/keys.ts';
import { bytesOf, type TreeSpec, tarOf } from '../testing/layer-tars.ts';
import { chainOn } from './incoming.ts';
import type { LayerInfo, LayerStore } from './interface.ts';
import { STORAGE_MIGRATIONS } from './migrations.ts';
import { openLayerStore } from './open-layer-store.ts';
import type { StorageTables } from './schema.ts';

const [driver = 'overlay2', folder = tmpdir()] = process.argv.slice(2);
const figures: Record<string, number> = {};

async function time<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const start = performance.now();
  const result = await work();
  return { ms: performance.now() - start, result };
}

async function median(runs: number, work: (run: number) => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let run = 0; run < runs; run++) all.push(await work(run));
  return Number(all.toSorted((a, b) => a - b)[Math.floor(runs / 2)]?.toFixed(2));
}

async function apply(store: LayerStore, specs: readonly TreeSpec[]): Promise<LayerInfo> {
  const tars = await Promise.all(specs.map(tarOf));
  const layers = tars.map((tar) => ({ diffID: digestBytes(tar) as DiffID, open: () => bytesOf(tar) }));
  return (await store.apply({ layers, owner: 'bench' })).at(-1) as LayerInfo;
}

async function containers(store: LayerStore, parent: ChainID): Promise<void> {
  await store.createContainerLayer('first', { parent });
  const mounting: number[] = [];
  figures.createMs = await median(60, async (run) => {
    const create = await time(() => store.createContainerLayer(`c${run}`, { parent }));
    const mount = await time(() => store.mount(`c${run}`));
    mounting.push(mount.ms);
    return create.ms;
  });
  figures.mountMs = await median(60, async (run) => mounting[run] ?? 0);
  figures.removeMs = await median(60, async (run) => {
    const { ms } = await time(async () => {
      await store.unmount(`c${run}`);
      await store.removeContainerLayer(`c${run}`);
    });
    return ms;
  });
}

async function deepStacks(store: LayerStore): Promise<void> {
  for (const depth of [5, 64, 124]) {
    const top = await apply(
      store,
      Array.from({ length: depth }, (_, index) => ({ [`${depth}-${index}`]: 'x' })),
    );
    await store.createContainerLayer(`deep-${depth}`, { parent: top.chainID });
    figures[`mount${depth}Ms`] = await median(15, async () => {
      const { ms } = await time(() => store.mount(`deep-${depth}`));
      await store.unmount(`deep-${depth}`);
      return ms;
    });
  }
  figures.checkMs = (await time(() => store.check())).ms;
}

async function smallCommits(store: LayerStore): Promise<void> {
  const spec: Record<string, TreeSpec[string]> = {};
  for (let index = 0; index < 20_000; index++)
    spec[`files/${index % 200}/file-${index}`] = `content ${index}`;
  const unpack = await time(() => apply(store, [spec]));
  figures.unpack20000Ms = unpack.ms;
  await store.createContainerLayer('commit', { parent: unpack.result.chainID });
  const root = await store.mount('commit');
  figures.commitMs = await median(15, async (run) => {
    for (let file = 0; file < 10; file++)
      writeFileSync(`${root}/files/${file}/file-${file}`, `${run} ${file}`);
    return (await time(() => store.commit('commit', { owner: `commit-${run}` }))).ms;
  });
  figures.changesMs = await median(15, async () => (await time(() => store.changes('commit'))).ms);
  await store.unmount('commit');
}

/** Rows and folders of 1,000 images of five layers and 200 containers, without going through 5,000 unpackings. */
async function startWithMany(root: string): Promise<void> {
  await (await openLayerStore({ root, driver }))[Symbol.asyncDispose]();
  {
    await using database = await openDatabase<StorageTables>({
      url: `sqlite:${join(root, 'storage.db')}`,
      migrations: STORAGE_MIGRATIONS,
    });
    for (let image = 0; image < 1000; image++) await addImage(database, { root, image });
  }
  const open = await time(() => openLayerStore({ root, driver }));
  figures.start1000ImagesMs = open.ms;
  figures.check5000LayersMs = (await time(() => open.result.check())).ms;
  await open.result[Symbol.asyncDispose]();
}

async function addImage(
  database: Awaited<ReturnType<typeof openDatabase<StorageTables>>>,
  { root, image }: { readonly root: string; readonly image: number },
): Promise<void> {
  await database.transaction(async (trx) => {
    let parent: { chain: ChainID; key: string } | undefined;
    const make = async (suffix = '') => {
      const key = `${newLayerKey()}${suffix}`;
      await mkdir(join(root, driver, key, driver === 'vfs' ? 'root' : 'diff'), { recursive: true });
      if (parent !== undefined && driver !== 'vfs')
        await symlink(`../${parent.key}`, join(root, driver, key, 'parent'));
      return key;
    };
    for (let depth = 1; depth <= 5; depth++) {
      const diff = digestBytes(`${image} ${depth}`) as DiffID;
      const chain = chainOn(parent?.chain, diff);
      const key = await make();
      await writeFile(join(root, 'tar-split', key), 'x');
      const row = { chain_id: chain, key, diff_id: diff, parent: parent?.chain ?? null, depth };
      await trx
        .insertInto('layers')
        .values({ ...row, size: 1, tar_size: 1, created_at: 1 })
        .execute();
      parent = { chain, key };
    }
    if (parent === undefined) return;
    await trx
      .insertInto('layer_owners')
      .values({ owner: `image:${image}`, chain_id: parent.chain })
      .execute();
    if (image % 5 !== 0) return;
    const init = await make('-init');
    await trx.insertInto('init_layers').values({ key: init, parent: parent.chain }).execute();
    const container = {
      name: `c${image}`,
      parent: parent.chain,
      init_key: init,
      size_limit: null,
      created_at: 1,
    };
    parent = { ...parent, key: init };
    await trx
      .insertInto('container_layers')
      .values({ ...container, key: await make() })
      .execute();
  });
}

const root = await mkdtemp(join(folder, 'berth-bench-'));
try {
  {
    await using store = await openLayerStore({ root: join(root, 'one'), driver });
    const base = await apply(store, [
      { 'etc/': {}, 'etc/conf': 'x' },
      { 'app/': {}, 'app/main': 'x' },
    ]);
    await containers(store, base.chainID);
    await deepStacks(store);
    await smallCommits(store);
    for (const name of ['first', 'commit']) await store.removeContainerLayer(name);
  }
  await startWithMany(join(root, 'many'));
  console.log(JSON.stringify({ driver, ...figures }, null, 2));
} finally {
  await using disk = openDiskWork();
  await disk.removeTree(root);
}
