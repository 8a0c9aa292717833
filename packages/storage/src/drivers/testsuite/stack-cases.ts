import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { hasCode } from '@berth/errors';
import { getXattr, preciseStat, removeXattr, setTimes, setXattr } from '@berth/linux';
import type { LayerKey } from '../interface.ts';
import type { DriverBench, DriverUnderTest } from './driver-bench.ts';

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

async function stack(given: DriverUnderTest, edits: readonly ((root: string) => void)[]): Promise<LayerKey> {
  let top: LayerKey | undefined;
  for (const edit of edits) top = await given.layer(top, edit);
  return top as LayerKey;
}

/** What a layer changes is its own: the ones below never see it. */
export function stackCases(bench: DriverBench, depth: number): void {
  bench.test('a child changes, adds and deletes without its parent seeing it', async (given) => {
    const base = await given.layer(undefined, (root) => write(root, { a: '1', b: '1', 'd/e': '1' }));
    const before = await given.list(base);
    const child = await given.layer(base, (root) => {
      appendFileSync(`${root}/a`, '2');
      unlinkSync(`${root}/b`);
      rmSync(`${root}/d`, { recursive: true });
      write(root, { c: 'new' });
    });
    assert.deepEqual(await given.list(base), before);
    await given.look(child, (root) => {
      assert.deepEqual(
        readdirSync(root).filter((name) => name !== 'lost+found'),
        ['a', 'c'],
      );
      assert.equal(readFileSync(`${root}/a`, 'utf8'), '12');
    });
  });

  bench.test('two children of one parent see nothing of each other', async (given) => {
    const base = await given.layer(undefined, (root) => write(root, { shared: 'base' }));
    const one = await given.layer(base, (root) => write(root, { shared: 'one', mine: '1' }));
    const two = await given.layer(base, (root) => write(root, { shared: 'two' }));
    assert.equal(await given.look(one, (root) => readFileSync(`${root}/shared`, 'utf8')), 'one');
    assert.equal(await given.look(two, (root) => readFileSync(`${root}/shared`, 'utf8')), 'two');
    assert.equal(await given.look(two, (root) => existsSync(`${root}/mine`)), false);
  });

  bench.test('a file updated in every layer is the newest (docker#21555)', async (given) => {
    const top = await stack(
      given,
      Array.from({ length: 6 }, (_, index) => (root: string) => {
        write(root, { 'etc/hosts': `127.0.0.1 host-${index}\n`, [`etc/layer-${index}`]: '' });
      }),
    );
    await given.look(top, (root) => {
      assert.equal(readFileSync(`${root}/etc/hosts`, 'utf8'), '127.0.0.1 host-5\n');
      assert.equal(readdirSync(`${root}/etc`).length, 7);
    });
  });

  bench.test('a directory removed and made again is empty (docker#25244)', async (given) => {
    const top = await stack(given, [
      (root) => write(root, { 'a/b/c': '1', 'a/b/d/e': '1' }),
      (root) => rmSync(`${root}/a`, { recursive: true }),
      (root) => mkdirSync(`${root}/a/b`, { recursive: true }),
      (root) => write(root, { 'a/b/f': '2' }),
    ]);
    await given.look(top, (root) => assert.deepEqual(readdirSync(`${root}/a/b`), ['f']));
  });

  bench.test('a directory removed at any depth and made again stays opaque (echo)', async (given) => {
    const names = Array.from({ length: 10 }, (_, index) => `d${index}`);
    const leaf = names.join('/');
    const base = await given.layer(undefined, (root) => write(root, { [`${leaf}/file`]: 'old' }));
    for (let depth = 1; depth <= names.length; depth++) {
      const removed = names.slice(0, depth).join('/');
      const gone = await given.layer(base, (root) => rmSync(join(root, removed), { recursive: true }));
      const again = await given.layer(gone, (root) => mkdirSync(join(root, removed)));
      await given.look(gone, (root) => assert.equal(existsSync(join(root, removed)), false));
      await given.look(again, (root) => assert.deepEqual(readdirSync(join(root, removed)), []));
      await given.driver.remove(again);
      await given.driver.remove(gone);
    }
  });

  bench.test('a directory becomes a file, a symlink and a directory again', async (given) => {
    const top = await stack(given, [
      (root) => write(root, { 'x/old': '1', target: 't' }),
      (root) => {
        rmSync(`${root}/x`, { recursive: true });
        writeFileSync(`${root}/x`, 'a file');
      },
      (root) => {
        unlinkSync(`${root}/x`);
        symlinkSync('target', `${root}/x`);
      },
      (root) => {
        assert.equal(readFileSync(`${root}/x`, 'utf8'), 't');
        unlinkSync(`${root}/x`);
        mkdirSync(`${root}/x`);
      },
    ]);
    await given.look(top, (root) => {
      assert.deepEqual(readdirSync(`${root}/x`), []);
      assert.equal(readFileSync(`${root}/target`, 'utf8'), 't');
    });
  });

  bench.test(
    'chown of a lower directory keeps what is in it (docker#20240, #24913, #28391)',
    async (given) => {
      const top = await stack(given, [
        (root) => {
          write(root, { 'opt/a/file': 'a', 'opt/b/file': 'b' });
          chmodSync(`${root}/opt/a/file`, 0o4755);
        },
        (root) => chownSync(`${root}/opt`, 1, 1),
        (root) => {
          chownSync(`${root}/opt/a`, 2, 2);
          chownSync(`${root}/opt/a/file`, 3, 3);
        },
        (root) => chownSync(`${root}/opt/b`, 4, 4),
      ]);
      await given.look(top, (root) => {
        const owners = ['opt', 'opt/a', 'opt/a/file', 'opt/b', 'opt/b/file'].map(
          (path) => statSync(join(root, path)).uid,
        );
        assert.deepEqual(owners, [1, 2, 3, 4, 0]);
        assert.equal(readFileSync(`${root}/opt/a/file`, 'utf8'), 'a');
      });
    },
  );

  bench.test('the root of a layer is as its parent has it, until it is changed', async (given) => {
    const base = await given.layer(undefined, (root) => {
      chownSync(root, 12, 34);
      chmodSync(root, 0o1777);
      setXattr(root, 'trusted.berth', Buffer.from('kept'));
      setTimes(root, { mtime: 1_700_000_000_123_456_789n });
    });
    const rootOf = (key: LayerKey) =>
      given.look(key, (root) => {
        const { mode, uid, gid, mtimeNs } = preciseStat(root);
        return [mode, uid, gid, mtimeNs, getXattr(root, 'trusted.berth')?.toString()];
      });
    const whole = [0o1777, 12, 34, 1_700_000_000_123_456_789n, 'kept'];
    assert.deepEqual(await rootOf(base), whole);
    const child = await given.layer(await given.layer(base));
    assert.deepEqual(await rootOf(child), whole);
    const changed = await given.layer(child, (root) => {
      chmodSync(root, 0o711);
      removeXattr(root, 'trusted.berth');
    });
    const [mode, uid, , , attribute] = await rootOf(await given.layer(changed));
    assert.deepEqual([mode, uid, attribute], [0o711, 12, undefined]);
    assert.deepEqual(await rootOf(child), whole);
  });

  bench.test('modes of directories stay through layers (docker#27298)', async (given) => {
    const top = await stack(given, [
      (root) => {
        for (const [name, mode] of [
          ['open', 0o777],
          ['sticky', 0o1777],
          ['closed', 0o700],
          ['group', 0o2775],
        ] as const) {
          mkdirSync(`${root}/${name}`);
          chmodSync(`${root}/${name}`, mode);
        }
      },
      (root) => write(root, { 'open/x': '', 'sticky/x': '', 'closed/x': '', 'group/x': '' }),
      (root) => chmodSync(`${root}/closed`, 0o750),
    ]);
    await given.look(top, (root) => {
      const modes = ['open', 'sticky', 'closed', 'group'].map(
        (name) => statSync(`${root}/${name}`).mode & 0o7777,
      );
      // fuse-overlayfs copies a directory up by mkdir(2) alone, which takes no setgid bit.
      if (given.driver.abilities.mountsByProgram && modes[3] === 0o775) modes[3] = 0o2775;
      assert.deepEqual(modes, [0o777, 0o1777, 0o750, 0o2775]);
    });
  });

  bench.test(
    'files of a lower layer can be moved; a directory too, or it says EXDEV (docker#25409)',
    async (given) => {
      const base = await given.layer(undefined, (root) =>
        write(root, { 'a/file': '1', 'b/keep': '1', 'dir/in': '1' }),
      );
      const child = await given.layer(base, (root) => {
        renameSync(`${root}/a/file`, `${root}/b/moved`);
        try {
          renameSync(`${root}/dir`, `${root}/dir-moved`);
        } catch (error) {
          if (!(hasCode(error) && error.code === 'EXDEV')) throw error;
        }
      });
      await given.look(child, (root) => {
        assert.deepEqual(readdirSync(`${root}/a`), []);
        assert.deepEqual(readdirSync(`${root}/b`).sort(), ['keep', 'moved']);
        const dir = existsSync(`${root}/dir`) ? 'dir' : 'dir-moved';
        assert.deepEqual(readdirSync(`${root}/${dir}`), ['in']);
      });
      assert.equal(await given.look(base, (root) => existsSync(`${root}/dir/in`)), true);
    },
  );

  bench.test('files deleted in a middle layer stay deleted above', async (given) => {
    const top = await stack(given, [
      (root) => write(root, { one: '', two: '', 'd/three': '' }),
      (root) => {
        unlinkSync(`${root}/one`);
        unlinkSync(`${root}/d/three`);
        rmdirSync(`${root}/d`);
      },
      (root) => write(root, { four: '' }),
    ]);
    await given.look(top, (root) =>
      assert.deepEqual(
        readdirSync(root)
          .filter((name) => name !== 'lost+found')
          .sort(),
        ['four', 'two'],
      ),
    );
  });

  bench.test('a hard link across layers shows what the lower layer had', async (given) => {
    const base = await given.layer(undefined, (root) => write(root, { file: 'base' }));
    const child = await given.layer(base, (root) => {
      renameSync(`${root}/file`, `${root}/renamed`);
      write(root, { file: 'child' });
    });
    await given.look(child, (root) => {
      assert.equal(readFileSync(`${root}/renamed`, 'utf8'), 'base');
      assert.equal(readFileSync(`${root}/file`, 'utf8'), 'child');
    });
  });

  bench.test(
    `${depth} layers, with a deletion in every tenth, can be read from top to bottom`,
    async (given) => {
      const count = Math.min(depth, given.driver.abilities.maxDepth - 1);
      const keys: LayerKey[] = [];
      for (let index = 0; index < count; index++) {
        keys.push(
          await given.layer(keys.at(-1), (root) => {
            write(root, { [`layer-${index}/id`]: String(index), top: String(index), [`gone-${index}`]: '' });
            if (index % 10 === 9) unlinkSync(`${root}/gone-${index - 5}`);
          }),
        );
      }
      await given.look(keys.at(-1) as LayerKey, (root) => {
        assert.equal(readFileSync(`${root}/top`, 'utf8'), String(count - 1));
        for (let index = 0; index < count; index++) {
          assert.equal(readFileSync(`${root}/layer-${index}/id`, 'utf8'), String(index));
          assert.equal(existsSync(`${root}/gone-${index}`), index % 10 !== 4 || index + 5 >= count);
        }
      });
      for (const key of keys.toReversed()) await given.driver.remove(key);
      assert.deepEqual((await given.driver.list()).keys, new Set());
    },
  );
}
