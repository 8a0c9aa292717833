import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRepositoryName } from '@berth/oci';
import { makeImage, makeIndex, TestClient } from '../testing/client.ts';
import { startTestRegistry } from '../testing/test-registry.ts';

describe('RegistryQueries', () => {
  it('give repositories by name, id and namespace', async () => {
    await using server = await startTestRegistry();
    const { queries } = server.registry;
    for (const name of ['a', 'a-b/x', 'a/one', 'a/three', 'a/two', 'a0/x', 'b/x']) {
      await new TestClient(server.url, name).push('latest', makeImage());
    }
    const names = async (page: Parameters<typeof queries.repositories>[0]): Promise<readonly string[]> =>
      (await queries.repositories(page)).map((each) => each.name);
    assert.deepEqual(await names({ limit: 100 }), ['a', 'a-b/x', 'a/one', 'a/three', 'a/two', 'a0/x', 'b/x']);
    assert.deepEqual(await names({ limit: 100, namespace: 'a' }), ['a/one', 'a/three', 'a/two']);
    assert.deepEqual(await names({ limit: 1, namespace: 'a', after: 'a/one' }), ['a/three']);
    assert.deepEqual(await names({ limit: 2, after: 'a/two' }), ['a0/x', 'b/x']);
    const one = await queries.repository({ name: parseRepositoryName('a/one') });
    assert.ok(one !== undefined);
    assert.equal(one.tagCount, 1);
    assert.ok(one.updatedAt >= one.createdAt);
    assert.deepEqual(await queries.repository({ id: one.id }), one);
    assert.equal(await queries.repository({ name: parseRepositoryName('a/none') }), undefined);
  });

  it('give tags with their images, sizes and pushers, nothing read again', async () => {
    await using server = await startTestRegistry();
    const { queries } = server.registry;
    const client = new TestClient(server.url, 'team/app');
    const amd64 = makeImage({ layerSize: 5000 });
    const arm = makeImage({ platform: { os: 'linux', architecture: 'arm', variant: 'v7' } });
    await client.push('1-amd64', amd64);
    await client.push(arm.digest, arm);
    const attestation = makeImage();
    await client.push(attestation.digest, attestation);
    const index = makeIndex([
      amd64.descriptor,
      { ...arm.descriptor, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
      { ...attestation.descriptor, platform: { os: 'unknown', architecture: 'unknown' } },
    ]);
    await client.push('1', index);
    const id = (await queries.repository({ name: parseRepositoryName('team/app') }))?.id ?? '';
    const tags = await queries.tags(id, { limit: 10 });
    assert.deepEqual(
      tags.map((tag) => tag.name),
      ['1', '1-amd64'],
    );
    const sizeOf = (image: typeof arm): number => image.blobs.reduce((sum, blob) => sum + blob.length, 0);
    const [both, single] = tags;
    assert.equal(single?.size, sizeOf(amd64));
    assert.deepEqual(single?.images, [
      { digest: amd64.digest, platform: { os: 'linux', architecture: 'amd64' }, size: sizeOf(amd64) },
    ]);
    assert.equal(both?.size, sizeOf(amd64) + sizeOf(arm) + sizeOf(attestation));
    assert.deepEqual(
      both?.images.map((image) => image.digest),
      [amd64.digest, arm.digest],
    );
    assert.deepEqual(both?.images[1]?.platform, { os: 'linux', architecture: 'arm', variant: 'v7' });
    assert.equal(both?.pushedBy, 'anonymous');
    assert.equal(both?.mediaType, 'application/vnd.oci.image.index.v1+json');
    assert.deepEqual(await queries.tag(id, '1'), both);
    assert.equal(await queries.tag(id, '2'), undefined);
    assert.deepEqual(
      (await queries.tags(id, { limit: 1, after: '1' })).map((tag) => tag.name),
      ['1-amd64'],
    );
  });
});
