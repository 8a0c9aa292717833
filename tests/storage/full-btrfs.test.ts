import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Scratch } from '@berth/storage/testsuite';
import { debianFileSystem } from './places.ts';

const { skip, place } = await debianFileSystem('btrfs');
const CHILD = fileURLToPath(new URL('./full-btrfs.child.ts', import.meta.url));

interface Outcome {
  readonly outcomes: readonly string[];
  readonly rows: number;
  readonly damage: readonly string[];
}

describe('a database on a btrfs that is full', { skip }, () => {
  test('refuses what it cannot write, is there for reading, and goes on when there is room', async () => {
    await using scratch = await Scratch.make(place);
    const small = join(scratch.path, 'small');
    mkdirSync(small);
    await place?.mountSmall(small, { bytes: 8 << 20 });
    const child = spawn(process.execPath, [CHILD, `sqlite:${small}/notes.db`, 'exclusive'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    /** What it says next, or how it ended. */
    const next = async () => (await lines.next()).value ?? assert.fail(`It ended: ${await ended}`);
    const ask = async (): Promise<Outcome> => {
      child.stdin.write('\n');
      return JSON.parse(await next());
    };
    try {
      assert.equal(await next(), 'ready');
      const before = await ask();
      assert.deepEqual(before, { outcomes: ['written'], rows: 300, damage: [] });
      await place?.fill(small);
      const full = await ask();
      assert.ok(full.outcomes.includes('DB_FULL'), full.outcomes.join());
      assert.deepEqual(full.damage, []);
      assert.ok(full.rows >= before.rows);
      await place?.makeRoom(small);
      const after = await ask();
      assert.equal(after.outcomes.at(-1), 'written');
      assert.deepEqual(after.damage, []);
      assert.ok(after.rows > full.rows);
      child.stdin.end();
      assert.deepEqual(await ended, [0, null]);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });
});
