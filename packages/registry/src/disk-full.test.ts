import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { digestBytes } from '@berth/oci';
import { makeImage, refusalOf, TestClient } from './testing/client.ts';
import { startTestRegistry } from './testing/test-registry.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;

test('a full disk is said to the client, nothing half-made stays, and it goes on when there is space', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root: it mounts a small file system');
  const root = await mkdtemp(join(tmpdir(), 'berth-full-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'berth-test', root]);
  try {
    await using server = await startTestRegistry({ root });
    const client = new TestClient(server.url, 'team/app');
    const image = makeImage();
    await client.push('before', image);
    await writeFile(join(root, 'filler'), Buffer.alloc(6 * MIB));

    const large = randomBytes(10 * MIB);
    const digest = digestBytes(large);
    const whole = await client.request(`blobs/uploads/?digest=${digest}`, { method: 'POST', body: large });
    assert.equal(await refusalOf(whole), '507 STORAGE_FULL');
    const path = await client.startUpload();
    const put = await client.request(`${path}?digest=${digest}`, { method: 'PUT', body: large });
    assert.equal(await refusalOf(put), '507 STORAGE_FULL');
    assert.equal((await client.request('manifests/before')).status, 200);
    assert.ok(server.faults.length >= 2);
    assert.deepEqual(await readdir(join(root, 'content/staging')), []);

    await rm(join(root, 'filler'));
    const status = await client.request(path);
    assert.equal(await refusalOf(status), '404 BLOB_UPLOAD_UNKNOWN');
    await client.push('after', makeImage());
    const { findings } = await server.registry.check({ deep: true });
    assert.deepEqual(findings, []);
  } finally {
    await run('umount', [root]);
    await rm(root, { recursive: true, force: true });
  }
});
