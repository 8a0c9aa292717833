import assert from 'node:assert/strict';
import { lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isRoot } from '../privileges/drop-root.ts';
import { prepareDataFolder } from './data-folder.ts';
import { handOver, refusePlantedLinks } from './hand-over.ts';
import { makePassable } from './passable.ts';
import { type HubPaths, hubPaths } from './paths.ts';

let root: string;
let paths: HubPaths;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-data-'));
  paths = hubPaths(join(root, 'data'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const asRoot = { skip: isRoot() ? false : 'needs root' };
const user = { uid: 61947, gid: 61947, label: 'uid 61947' };

describe('prepareDataFolder()', () => {
  it('makes the tree with the Hub part closed to others, and may be called again', async () => {
    await prepareDataFolder(paths);
    await prepareDataFolder(paths);
    assert.equal((await stat(paths.folder)).mode & 0o777, 0o700);
    assert.equal((await stat(join(root, 'data'))).mode & 0o777, 0o711);
    assert.equal(await readFile(paths.format, 'utf8'), '1\n');
  });

  it('refuses the folder of a newer Berth, and one whose format is no number, without touching it', async () => {
    await prepareDataFolder(paths);
    for (const text of ['2\n', 'x', '']) {
      await writeFile(paths.format, text);
      await assert.rejects(prepareDataFolder(paths), { code: 'DATA_FOLDER_NEWER', hint: /newer Berth/ });
      assert.equal(await readFile(paths.format, 'utf8'), text);
    }
  });

  it('says why a folder cannot be used', async () => {
    await writeFile(join(root, 'data'), 'a file');
    await assert.rejects(prepareDataFolder(paths), { code: /DATA_FOLDER_DENIED|EEXIST/ });
  });
});

describe('handOver()', () => {
  it('gives everything to the user and follows no link', asRoot, async () => {
    await prepareDataFolder(paths);
    const outside = join(root, 'outside');
    await writeFile(outside, 'mine');
    await symlink(outside, join(paths.folder, 'link'));
    await handOver(paths, user);
    assert.equal((await stat(paths.format)).uid, user.uid);
    assert.equal((await stat(paths.content)).uid, user.uid);
    assert.equal((await stat(outside)).uid, 0);
  });
});

describe('refusePlantedLinks()', () => {
  it('stops at a link that the user made, and lets one of root pass', asRoot, async () => {
    await prepareDataFolder(paths);
    await symlink('/etc', join(paths.folder, 'link'));
    await refusePlantedLinks(paths);
    const { lchown } = await import('node:fs/promises');
    await lchown(join(paths.folder, 'link'), user.uid, user.gid);
    assert.equal((await lstat(join(paths.folder, 'link'))).uid, user.uid);
    await assert.rejects(refusePlantedLinks(paths), { code: 'DATA_FOLDER_DENIED', message: /is a link/ });
  });
});

describe('makePassable()', () => {
  it('opens the data root, and names the folder above it that bars the way', asRoot, async () => {
    await prepareDataFolder(paths);
    await assert.rejects(makePassable(paths, user), {
      code: 'DATA_FOLDER_DENIED',
      hint: new RegExp(`chmod o\\+x ${root}`),
    });
    const open = hubPaths(join(root, '../', `${root.split('/').at(-1)}-open`));
    await mkdir(join(open.folder), { recursive: true, mode: 0o700 });
    try {
      await makePassable(open, user);
      assert.equal((await stat(join(open.folder, '..'))).mode & 0o011, 0o011);
    } finally {
      await rm(join(open.folder, '..'), { recursive: true });
    }
  });
});
