import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PartWriter } from './part-writer.ts';

/** Chunks that are not what is written at once, nor a part of it. */
const CHUNK = 300_001;

test('what came is in the file a moment later, however little it is, and all of it at the end', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-part-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'blob.part');
  const expected: Buffer[] = [];
  const add = async (writer: PartWriter, count: number) => {
    for (let made = 0; made < count; made++) {
      const chunk = Buffer.alloc(CHUNK, expected.length + 1);
      expected.push(chunk);
      assert.equal(await writer.append(chunk), true);
    }
  };
  {
    await using writer = await PartWriter.open(path, 0);
    for (const count of [1, 30, 4]) {
      await add(writer, count);
      // The stall may begin at any moment of a write.
      while ((await stat(path)).size < expected.length * CHUNK)
        await sleep(10, undefined, { signal: t.signal });
    }
    await add(writer, 2);
  }
  assert.ok((await readFile(path)).equals(Buffer.concat(expected)));
  await using again = await PartWriter.open(path, CHUNK);
  assert.equal((await stat(path)).size, CHUNK);
  await again.append(Buffer.from('more'));
});
