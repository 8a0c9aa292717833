import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isRoot } from '../privileges/drop-root.ts';
import { ownerOfDataFolder, prepareDataFolder } from './data-folder.ts';
import { handOver, refusePlantedLinks, shutOut } from './hand-over.ts';
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

describe('shutOut()', () => {
  it(
    'closes every folder to the user, who can be told afterwards, and handOver() opens them again',
    asRoot,
    async () => {
      await chmod(root, 0o755);
      await prepareDataFolder(paths);
      const staging = join(paths.content, 'staging');
      await mkdir(staging);
      await handOver(paths, user);
      assert.equal(await plantAsUser(staging), 'planted');
      await rm(join(staging, 'link'));

      await chmod(paths.content, 0o777);
      const held = await heldByUser(staging);
      await shutOut(paths);
      assert.deepEqual(await ownerOfDataFolder(paths), { uid: user.uid, gid: user.gid });
      for (const folder of [paths.folder, paths.content, staging, paths.logs]) {
        const { uid, mode } = await stat(folder);
        assert.deepEqual([uid, mode & 0o777], [0, 0o700], folder);
        assert.equal(await plantAsUser(folder), 'EACCES', folder);
      }
      assert.equal(await held.plant(), 'EACCES');

      await handOver(paths, user);
      assert.equal(await plantAsUser(staging), 'planted');
    },
  );
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

/** Somebody who runs as the Hub's user and stands in a folder since before it was closed. */
async function heldByUser(folder: string): Promise<{ plant(): Promise<string> }> {
  const child = spawn(
    'sh',
    ['-c', 'echo in; read _; ln -s /etc link 2>/dev/null && echo planted || echo EACCES'],
    {
      cwd: folder,
      uid: user.uid,
      gid: user.gid,
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  await once(child.stdout, 'data');
  return {
    plant: async () => {
      child.stdin.end('\n');
      const [answer] = await once(child.stdout, 'data');
      return String(answer).trim();
    },
  };
}

async function plantAsUser(folder: string): Promise<string> {
  const script = 'ln -s /etc "$0/link" 2>/dev/null && echo planted || echo EACCES';
  const child = spawn('sh', ['-c', script, folder], {
    cwd: '/',
    uid: user.uid,
    gid: user.gid,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [answer] = await once(child.stdout, 'data');
  return String(answer).trim();
}
