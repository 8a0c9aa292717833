import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { digestBytes } from '@berth/oci';
import { CONTENT_STEPS, type Ingest, openFolderBlobStore } from '../../index.ts';

const CHILD = fileURLToPath(new URL('./crash.child.ts', import.meta.url));
const SIZE = 3 * 1024 * 1024 + 11;
const BYTES = Buffer.alloc(64 * 1024, 'crash');
const EXPECTED = Buffer.concat(Array.from({ length: 49 }, () => BYTES)).subarray(0, SIZE);
const DIGEST = digestBytes(EXPECTED);

async function crash(path: string, step: string): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [CHILD, path, step, String(SIZE)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return signal;
}

describe('openFolderBlobStore() after kill -9', () => {
  for (const step of CONTENT_STEPS) {
    test(`at ${step} has the blob whole or not at all, and the next try succeeds`, async (context) => {
      const path = await mkdtemp(join(tmpdir(), 'berth-crash-'));
      context.after(() => rm(path, { recursive: true, force: true }));
      assert.equal(await crash(path, step), 'SIGKILL');

      await using store = await openFolderBlobStore({ path });
      const isNamed = CONTENT_STEPS.indexOf(step) >= CONTENT_STEPS.indexOf('content.renamed');
      assert.deepEqual(await store.stat(DIGEST), isNamed ? { digest: DIGEST, size: SIZE } : undefined);

      let ingest: Ingest;
      if (isNamed || step === 'content.stage') {
        await assert.rejects(store.resumeIngest('crashing'), { code: 'INGEST_UNKNOWN' });
        ingest = await store.startIngest('crashing');
      } else {
        ingest = await store.resumeIngest('crashing');
      }
      const rest = EXPECTED.subarray(ingest.offset);
      await ingest.write(
        (async function* () {
          yield rest;
        })(),
      );
      await ingest.commit({ digest: DIGEST, size: SIZE });
      assert.deepEqual(await readdir(join(path, 'staging')), []);
      assert.deepEqual(await store.removeStaging(new Set()), { removed: 0, sizeBytes: 0 });
    });
  }
});
