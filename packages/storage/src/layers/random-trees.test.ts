import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { setXattr } from '@berth/linux';
import { DRIVERS } from '../drivers/registry.ts';
import { randomSuite } from '../testing/random-suite.ts';
import { whyNotHere } from '../testing/scratch.ts';
import { ANY_PLACE } from '../testing/suite-place.ts';

const MEMORY = '/dev/shm';

/** Where nothing waits for a disk: what is held against the model is the same. tmpfs has `user.` attributes since Linux 6.6. */
function placeInMemory(): typeof ANY_PLACE {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(MEMORY, 'berth-probe-'));
    setXattr(folder, 'user.k', Buffer.from('v'));
    return { ...ANY_PLACE, path: MEMORY };
  } catch (error) {
    if (hasCode(error)) return ANY_PLACE;
    throw error;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  }
}

/** Those that work on any file system; the others have it where they have a place: tests/storage, the guest. */
for (const entry of DRIVERS) {
  if (!['overlay2', 'overlay', 'vfs'].includes(entry.name)) continue;
  randomSuite({ entry, place: placeInMemory(), skip: whyNotHere() });
}
