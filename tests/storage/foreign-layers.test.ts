import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type DiffID, digestBytes } from '@berth/oci';
import { type LayerInput, openLayerStore } from '@berth/storage';
import { listTree, Scratch } from '@berth/storage/testsuite';
import { openImageArchive } from '@berth/transfer';
import { mustRun } from '../lab/command.ts';
import { startDockerdHouse } from '../lab/dockerd-house.ts';
import { type Lab, openPeers } from '../lab/peers.ts';
import { smallImage } from '../lab/small-image.ts';
import { putFuseOnPath } from './fuse-overlayfs.ts';
import { debianFileSystem } from './places.ts';

const btrfs = await debianFileSystem('btrfs');
const DRIVERS: readonly { readonly driver: string; readonly on?: typeof btrfs }[] = [
  { driver: 'overlay2' },
  { driver: 'overlay' },
  { driver: 'vfs' },
  { driver: 'btrfs', on: btrfs },
  { driver: 'aufs', on: { skip: await putFuseOnPath() } },
];

/** One thing of each kind that a second layer can say. */
const CHANGE = [
  'echo new > new && echo more >> etc/passwd && rm usr/bin/yes && mkdir -p deep/er && echo x > deep/er/file',
  'ln new hard && ln -s new soft && chmod 700 root && rm -r tmp && mkdir -m 1777 tmp && echo y > tmp/inside',
  'rm -rf home && echo now a file > home && mkdir -p "name with spaces/é" && chmod 4755 usr/bin/id',
].join(' && ');

interface Made {
  readonly layers: readonly LayerInput[];
  close(): Promise<void>;
}

test('layers made by GNU tar, dockerd and buildah are the same tree on every driver', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const folder = await mkdtemp(join(tmpdir(), 'berth-foreign-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, make] of Object.entries({ 'GNU tar': byTar, dockerd: byDockerd, buildah: byBuildah })) {
    await t.test(name, async (inner) => {
      const made = await make(lab, folder);
      inner.after(() => made.close());
      assert.ok(made.layers.length >= 2);
      let first: readonly string[] | undefined;
      for (const { driver, on } of DRIVERS) {
        if (on !== undefined && on.skip !== false) {
          inner.diagnostic(`${driver}: ${on.skip}`);
          continue;
        }
        const lines = await treeOn(driver, made.layers, on);
        assert.ok(lines.some((line) => line.startsWith('"deep/er/file"')) && lines.length > 50);
        assert.ok(!lines.some((line) => line.startsWith('"usr/bin/yes"')));
        first ??= lines;
        assert.deepEqual(lines, first, driver);
      }
    });
  }
});

async function treeOn(
  driver: string,
  layers: readonly LayerInput[],
  on: typeof btrfs | undefined,
): Promise<readonly string[]> {
  await using scratch = await Scratch.make(on?.place);
  await using store = await openLayerStore({ root: join(scratch.path, 'storage'), driver });
  const applied = await store.apply({ layers, owner: 'test' });
  await store.createContainerLayer('look', { parent: applied.at(-1)?.chainID as never });
  const lines = listTree(await store.mount('look'));
  await store.removeContainerLayer('look');
  assert.deepEqual(await store.check({ deep: true }), []);
  return lines;
}

/** With what only GNU tar writes: sparse files, long names, its own headers. */
async function byTar(lab: Lab, folder: string): Promise<Made> {
  const { tar } = await smallImage(lab);
  const root = join(folder, 'tar-root');
  const second = join(folder, 'second.tar');
  const long = `${'long-name-'.repeat(20)}end`;
  await mustRun(['mkdir', '-p', join(root, 'etc'), join(root, 'usr/bin'), join(root, 'deep/er')]);
  const lines = [
    'echo x > deep/er/file; : > usr/bin/.wh.yes; echo replaced > etc/passwd; ln etc/passwd etc/again',
    `truncate -s 3M sparse; echo end >> sparse; echo long > ${long}; mknod null c 1 3; mkfifo pipe`,
    `tar --create --file ${second} --format=gnu --sparse --numeric-owner --xattrs --sort=name .`,
  ];
  await mustRun(['sh', '-c', `cd ${root} && ${lines.join('; ')}`]);
  return { layers: [await layerOfFile(tar), await layerOfFile(second)], async close() {} };
}

async function layerOfFile(path: string): Promise<LayerInput> {
  const { stdout } = await mustRun(['sha256sum', path]);
  return { diffID: `sha256:${stdout.slice(0, 64)}` as DiffID, open: () => createReadStream(path) };
}

async function byDockerd(lab: Lab, folder: string): Promise<Made> {
  const { tar } = await smallImage(lab);
  await using dockerd = await startDockerdHouse(lab);
  const must = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await dockerd.docker(args);
    if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  };
  await must('import', tar, 'base:1');
  await must('run', '--name', 'work', 'base:1', 'sh', '-c', `cd / && ${CHANGE}`);
  await must('commit', 'work', 'two:1');
  const path = join(folder, 'dockerd.tar');
  await must('save', '--output', path, 'two:1');
  return await layersOfArchive(path);
}

async function byBuildah(lab: Lab, folder: string): Promise<Made> {
  const { tar } = await smallImage(lab);
  const path = join(folder, 'buildah.tar');
  await lab.must('podman', ['import', '--quiet', tar, 'localhost/foreign:1']);
  const lines = [
    'work=$(buildah from localhost/foreign:1)',
    `cd "$(buildah mount "$work")"`,
    CHANGE,
    'cd / && buildah umount "$work" && buildah commit --quiet "$work" localhost/foreign:2',
    `podman save --quiet --format oci-archive --output ${path} localhost/foreign:2`,
  ];
  await lab.must('sh', ['-c', `set -e\n${lines.join('\n')}`]);
  return await layersOfArchive(path);
}

async function layersOfArchive(path: string): Promise<Made> {
  const archive = await openImageArchive({ path });
  const [image] = archive.images;
  if (image === undefined) throw new Error(`No image in "${path}"`);
  const manifest = JSON.parse(text((await archive.source.manifest(image.descriptor)).bytes));
  const config: Buffer[] = [];
  for await (const chunk of archive.source.blob(manifest.config)) config.push(Buffer.from(chunk));
  const { rootfs } = JSON.parse(Buffer.concat(config).toString());
  assert.equal(digestBytes(Buffer.concat(config)), manifest.config.digest);
  return {
    layers: manifest.layers.map((layer: never, at: number) => ({
      diffID: rootfs.diff_ids[at],
      open: () => archive.source.blob(layer),
    })),
    close: async () => await archive[Symbol.asyncDispose](),
  };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
