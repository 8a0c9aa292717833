import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeNode, setTimes, setXattr } from '@berth/linux';
import { pathToBytes } from '@berth/oci';
import { seededBytes } from '@berth/oci/testing';
import { listFolder } from '../testing/list-tree.ts';
import { collect, openTreeLab } from '../testing/tree-lab.ts';

/** A tree with a bit of everything, made by the system's own calls. */
function makeTree(root: string): void {
  const at = (path: string) => join(root, path);
  mkdirSync(at('bin'), { mode: 0o711 });
  writeFileSync(at('bin/su'), seededBytes('su', 100_000), { mode: 0o4755 });
  linkSync(at('bin/su'), at('bin/sudo'));
  symlinkSync('../etc/passwd', at('bin/passwd'));
  mkdirSync(at(`deep/${'d'.repeat(90)}/${'e'.repeat(120)}`), { recursive: true });
  writeFileSync(at(`deep/${'d'.repeat(90)}/${'e'.repeat(120)}/f`), 'long names');
  writeFileSync(pathToBytes(at('odd \udcff\nname')), 'odd');
  chownSync(at('bin/su'), 1000, 3_000_000);
  setXattr(at('bin'), 'user.k', Buffer.from([0, 1, 255]));
  makeNode(at('null'), { type: 'char', mode: 0o666, major: 1, minor: 3 });
  makeNode(at('pipe'), { type: 'fifo', mode: 0o622 });
  const fd = openSync(at('sparse'), 'w');
  writeSync(fd, Buffer.from('start'), 0, 5, 0);
  writeSync(fd, Buffer.from('end'), 0, 3, 50_000_000);
  closeSync(fd);
  setTimes(at('bin/su'), { mtime: -1_000_000_000n });
}

const FORMATS = {
  'GNU, sparse': ['--format=gnu', '--sparse'],
  'PAX, sparse and extended attributes': ['--format=posix', '--sparse', '--xattrs', '--xattrs-include=*'],
  'oldgnu, blocks of another size': ['--format=oldgnu', '-b', '63'],
};

for (const [name, args] of Object.entries(FORMATS)) {
  test(`unpack() of a tar made by GNU tar gives the tree that GNU tar gives: ${name}`, async (t) => {
    const lab = await openTreeLab(t);
    if (lab === undefined) return;
    const source = await lab.tree();
    makeTree(source.path);
    const path = join(lab.root, 'layer.tar');
    execFileSync('tar', ['-C', source.path, ...args, '-cf', path, '.']);
    const theirs = await lab.tree();
    execFileSync('tar', ['-C', theirs.path, '--xattrs', '--xattrs-include=*', '-xpf', path]);
    const tar = readFileSync(path);
    for (const folder of [await lab.changes(), await lab.tree()]) {
      await lab.unpack(folder, tar);
      assert.deepEqual(listFolder(folder.path), listFolder(theirs.path));
      const rebuilt = await collect(lab.workers.rebuildTar(folder, lab.splitPath(folder)));
      assert.ok(rebuilt.equals(tar), 'not the same bytes');
    }
  });
}
