import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { RotatingFile } from './rotating-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-log-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('RotatingFile', () => {
  it('keeps lines in order, over openings of the file', async () => {
    const path = join(folder, 'a.log');
    for (const part of ['one\n', 'two\n']) {
      await using file = new RotatingFile(path);
      file.write(part);
    }
    assert.equal(await readFile(path, 'utf8'), 'one\ntwo\n');
  });

  it('rotates by size and keeps as many as it was told', async () => {
    await using file = new RotatingFile(join(folder, 'a.log'), { maxBytes: 10, keep: 2 });
    for (const line of ['11111111\n', '22222222\n', '33333333\n', '44444444\n']) {
      file.write(line);
      await file.flush();
    }
    assert.deepEqual((await readdir(folder)).sort(), ['a.log', 'a.log.1', 'a.log.2']);
    assert.equal(await readFile(join(folder, 'a.log'), 'utf8'), '44444444\n');
    assert.equal(await readFile(join(folder, 'a.log.2'), 'utf8'), '22222222\n');
  });

  it('takes lines of every length, also while earlier ones are on their way', async () => {
    const path = join(folder, 'a.log');
    const lines = Array.from(
      { length: 24 },
      (_, index) => `${'世'.repeat((index * 7919) % 120_000)}${index}\n`,
    );
    {
      await using file = new RotatingFile(path);
      for (const line of lines) file.write(line);
      await file.flush();
      for (const line of lines) file.write(line);
      assert.equal(file.dropped, 0);
    }
    assert.equal(await readFile(path, 'utf8'), [...lines, ...lines].join(''));
  });

  it('counts what it cannot write and never throws', async () => {
    await using file = new RotatingFile(join(folder, 'missing/a.log'));
    file.write('lost\n');
    await file.flush();
    assert.equal(file.dropped, 1);
  });
});
