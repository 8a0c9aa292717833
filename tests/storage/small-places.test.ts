import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Scratch } from '@berth/storage/testsuite';
import { debianFileSystem } from './places.ts';

/** The disks that the suites of drivers fill. */
for (const type of ['btrfs', 'xfs', 'ext4'] as const) {
  const { skip, place } = await debianFileSystem(type);
  describe(`a small ${type} of a test`, { skip }, () => {
    for (let round = 1; round <= 3; round++) {
      test(`has little room, is full and stays full, until room is made (${round})`, async () => {
        assert.ok(place !== undefined);
        await using scratch = await Scratch.make(place);
        const small = join(scratch.path, 'small');
        mkdirSync(small);
        await place.mountSmall(small, { bytes: 4 << 20 });
        writeFileSync(join(small, 'fits'), Buffer.alloc(1 << 20, 'f'), { flush: true });
        const tooMuch = () =>
          writeFileSync(join(small, 'large'), Buffer.alloc(6 << 20, 'l'), { flush: true });
        assert.throws(tooMuch, { code: 'ENOSPC' });
        rmSync(join(small, 'large'));
        await place.fill(small);
        for (let tries = 0; tries < 5; tries++) {
          await wait(100);
          const write = () =>
            writeFileSync(join(small, 'late'), Buffer.alloc(64 << 10, 'l'), { flush: true });
          assert.throws(write, { code: 'ENOSPC' });
          rmSync(join(small, 'late'), { force: true });
        }
        await place.makeRoom(small);
        writeFileSync(join(small, 'again'), Buffer.alloc(1 << 20, 'a'), { flush: true });
        assert.equal(readFileSync(join(small, 'fits')).length, 1 << 20);
      });
    }
  });
}
