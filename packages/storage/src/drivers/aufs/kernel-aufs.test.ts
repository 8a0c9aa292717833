import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { knownFileSystems } from '@berth/linux';
import { Scratch, whyNotHere } from '../../testing/scratch.ts';
import { aufsMountData, flushPseudoLinks, mountAufs } from './kernel-aufs.ts';

const OPTIONS = { isReadonly: false, hasDirperm1: true };

function branches(count: number, length: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `/${String(index).padStart(length - 1, 'b')}`);
}

/** What the kernel has when all of it is mounted. */
function allOf({ data, appends }: { readonly data: string; readonly appends: readonly string[] }) {
  const first = data.slice(0, data.indexOf(',dio')).replace(/^br:/, '').split(':');
  return [...first, ...appends.map((append) => append.replace(/^append:/, ''))];
}

describe('aufsMountData()', () => {
  test('one mount for a few branches, the nearest first', () => {
    assert.deepEqual(aufsMountData({ upper: '/u', lowers: ['/a', '/b'] }, OPTIONS), {
      data: 'br:/u=rw:/a=ro+wh:/b=ro+wh,dio,xino=/dev/shm/aufs.xino,dirperm1',
      appends: [],
    });
    const readonly = aufsMountData({ upper: '/u', lowers: [] }, { isReadonly: true, hasDirperm1: false });
    assert.equal(readonly.data, 'br:/u=ro+wh,dio,xino=/dev/shm/aufs.xino');
  });

  test('126 layers whose names end anywhere in the page: none is cut, and none is lost', () => {
    for (let length = 20; length < 120; length++) {
      const lowers = branches(126, length);
      const mount = aufsMountData({ upper: '/upper', lowers }, OPTIONS);
      assert.ok(Buffer.byteLength(mount.data) <= 4096 - 54, `${length}`);
      assert.ok(mount.data.endsWith(',dio,xino=/dev/shm/aufs.xino,dirperm1'));
      assert.deepEqual(allOf(mount), ['/upper=rw', ...lowers.map((lower) => `${lower}=ro+wh`)]);
      assert.ok(mount.appends.length === 0 || mount.data.length + length + 7 > 4096 - 54, `${length}`);
    }
  });
});

test('flushPseudoLinks() asks auplink where there is one, and is content without', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-auplink-'));
  const path = process.env.PATH;
  try {
    await flushPseudoLinks('/mnt/nothing');
    writeFileSync(join(folder, 'auplink'), `#!/bin/sh\necho "$@" > '${folder}/asked'\nexit 1\n`, {
      mode: 0o755,
    });
    process.env.PATH = `${folder}:${path}`;
    await flushPseudoLinks('/mnt/layer');
    assert.equal(readFileSync(join(folder, 'asked'), 'utf8'), '/mnt/layer flush\n');
  } finally {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  }
});

describe('mountAufs()', { skip: whyNotHere() }, () => {
  test('leaves nothing mounted where the kernel has no aufs', async (context) => {
    if (knownFileSystems().has('aufs')) return context.skip('this kernel has it');
    await using scratch = await Scratch.make();
    const mounting = () => mountAufs(scratch.path, { upper: '/u', lowers: ['/l'], ...OPTIONS });
    assert.throws(mounting, { code: 'ENODEV', message: /aufs/ });
    assert.deepEqual(scratch.mounts(), []);
  });
});
