import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openFolderBlobStore } from '@berth/content';
import { openDatabase } from '@berth/db';
import { type Digest, digestBytes } from '@berth/oci';
import { checkRegistryFiles } from '../open-registry.ts';
import { REGISTRY_MIGRATIONS } from '../store/migrations.ts';
import type { RegistryTables } from '../store/schema.ts';
import { makeImage, TestClient } from '../testing/client.ts';
import { startTestRegistry, type TestRegistry } from '../testing/test-registry.ts';

async function storeBytes(server: TestRegistry, text: string): Promise<Digest> {
  await using ingest = await server.blobs.startIngest(`test-${text}`);
  await ingest.write(
    (async function* () {
      yield Buffer.from(text);
    })(),
  );
  return (await ingest.commit()).digest;
}

const blobPathOf = (digest: Digest): string => {
  const [algorithm = '', hex = ''] = digest.split(':');
  return join('blobs', algorithm, hex.slice(0, 2), hex);
};

describe('check()', () => {
  it('finds a healthy registry healthy, and counts it', async () => {
    await using server = await startTestRegistry();
    const image = makeImage();
    await new TestClient(server.url, 'team/app').push('latest', image);
    await new TestClient(server.url, 'team/app').startUpload();
    const { findings, counts } = await server.registry.check({ deep: true });
    assert.deepEqual(findings, []);
    const bytes = image.blobs.reduce((sum, blob) => sum + blob.length, 0);
    assert.deepEqual(counts, {
      repositories: 1,
      tags: 1,
      manifests: 1,
      blobs: 2,
      uploads: 1,
      bytes,
      bytesRead: bytes + image.bytes.length,
    });
  });

  it('tells missing and damaged bytes', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const image = makeImage();
    await client.push('latest', image);
    const [gone, damaged] = image.blobs.map((blob) => digestBytes(blob)) as [Digest, Digest];
    await server.blobs.delete(gone);
    const { chmod, writeFile, readFile } = await import('node:fs/promises');
    const path = join(server.root, 'content', blobPathOf(damaged));
    const bytes = await readFile(path);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await chmod(path, 0o600);
    await writeFile(path, bytes);
    const shallow = await server.registry.check();
    assert.deepEqual(shallow.findings, [{ kind: 'blob.missing', digest: gone }]);
    const deep = await server.registry.check({ deep: true });
    assert.deepEqual(deep.findings.map((finding) => finding.kind).sort(), ['blob.damaged', 'blob.missing']);
    const answer = await client.request(`blobs/${gone}`);
    assert.equal(answer.status, 500);
    assert.equal(server.faults.length, 1);
  });

  it('removes orphans when told to, but none that a lease or a commit under way names', async () => {
    await using server = await startTestRegistry();
    const [orphan, leased] = [await storeBytes(server, 'orphan'), await storeBytes(server, 'leased')];
    await server.registry.leases.acquire({ owner: 'test', digests: [leased], ttlMs: 60_000 });
    {
      await using ingest = await server.blobs.startIngest('nobody-knows-me');
      assert.equal(ingest.offset, 0);
    }
    const kinds = async (repair: boolean): Promise<readonly string[]> =>
      (await server.registry.check({ repair })).findings
        .map((each) => `${each.kind} ${'removed' in each && each.removed}`)
        .sort();
    assert.deepEqual(await kinds(false), ['blob.orphan false', 'staging.orphan false']);
    assert.deepEqual(await kinds(true), ['blob.orphan true', 'staging.orphan true']);
    assert.deepEqual(await kinds(true), []);
    assert.equal(await server.blobs.stat(orphan), undefined);
    assert.ok((await server.blobs.stat(leased)) !== undefined);
  });

  it('works beside a serving registry, from other handles, and sweeps nothing', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const path = await client.startUpload();
    await client.request(path, { method: 'PATCH', body: 'some' });
    {
      await using blobs = await openFolderBlobStore({ path: join(server.root, 'content') });
      const url = `sqlite:${join(server.root, 'registry.db')}`;
      const report = await checkRegistryFiles({ database: { url }, blobs }, { deep: true });
      assert.deepEqual(report.findings, []);
    }
    const end = await client.request(`${path}?digest=${digestBytes('some bytes')}`, {
      method: 'PUT',
      body: ' bytes',
    });
    assert.equal(end.status, 201);
  });
});

describe('openRegistry()', () => {
  it('takes back what a stop between rename and row left, and sweeps old sessions', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const kept = await client.pushBlob(Buffer.from('kept'));
    await client.startUpload();
    const cut = await storeBytes(server, 'cut');
    await server.stop();
    const insert = async (id: string, fields: Partial<RegistryTables['uploads']>): Promise<void> => {
      await using database = await openDatabase<RegistryTables>({
        url: `sqlite:${join(server.root, 'registry.db')}`,
        migrations: REGISTRY_MIGRATIONS,
      });
      const now = Date.now();
      await database.transaction((trx) =>
        trx
          .insertInto('uploads')
          .values({
            id,
            repository: 'team/app',
            subject: 'x',
            started_at: now,
            updated_at: now,
            committing: null,
            ...fields,
          })
          .execute(),
      );
    };
    await insert('cut', { committing: cut });
    // Somebody who only said that he has these bytes.
    await insert('liar', { repository: 'liar/app', committing: kept });
    await insert('old', { updated_at: Date.now() - 8 * 24 * 3_600_000 });
    await using again = await startTestRegistry({ root: server.root });
    assert.deepEqual(again.registry.sweptAtStart, {
      undoneCommits: 1,
      expiredUploads: 1,
      orphanedIngests: 0,
    });
    const { findings, counts } = await again.registry.check({ deep: true });
    assert.deepEqual(findings, []);
    assert.equal(counts.blobs, 1);
    assert.equal(counts.uploads, 1);
    const liar = new TestClient(again.url, 'liar/app');
    assert.equal((await liar.request(`blobs/${kept}`, { method: 'HEAD' })).status, 404);
  });
});
