import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Digest, digestBytes, parseRepositoryName } from '@berth/oci';
import fc from 'fast-check';
import { makeImage, TestClient, type TestImage } from './testing/client.ts';
import { startTestRegistry } from './testing/test-registry.ts';

/** What a registry is, without any of its machinery. */
class Model {
  readonly blobs = new Set<string>();
  readonly manifests = new Map<Digest, TestImage>();
  readonly tags = new Map<string, Digest>();
  hasBegun = false;
}

type Step =
  | { readonly do: 'blobs' | 'put' | 'get' | 'unblob' | 'delete'; readonly image: number }
  | { readonly do: 'tag'; readonly image: number; readonly tag: string }
  | { readonly do: 'pull' | 'untag'; readonly tag: string };

const image = fc.nat({ max: 3 });
const tag = fc.constantFrom('latest', '1.0', 'A');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom('blobs' as const, 'put' as const, 'get' as const, 'delete' as const),
    image,
  }),
  fc.record({ do: fc.constant('unblob' as const), image }),
  fc.record({ do: fc.constant('tag' as const), image, tag }),
  fc.record({ do: fc.constantFrom('pull' as const, 'untag' as const), tag }),
);

async function perform(
  client: TestClient,
  model: Model,
  { step, images }: { readonly step: Step; readonly images: readonly TestImage[] },
): Promise<void> {
  const pick = (at: number): TestImage => images[at] as TestImage;
  const isWhole = (each: TestImage): boolean =>
    each.blobs.every((blob) => model.blobs.has(digestBytes(blob)));
  switch (step.do) {
    case 'blobs':
      for (const blob of pick(step.image).blobs) model.blobs.add(await client.pushBlob(blob));
      model.hasBegun = true;
      return;
    case 'put':
    case 'tag': {
      const each = pick(step.image);
      const answer = await client.putManifest(step.do === 'tag' ? step.tag : each.digest, each);
      assert.equal(answer.status, isWhole(each) ? 201 : 400);
      if (!isWhole(each)) return;
      model.manifests.set(each.digest, each);
      if (step.do === 'tag') model.tags.set(step.tag, each.digest);
      return;
    }
    case 'get': {
      const { digest, bytes } = pick(step.image);
      const answer = await client.request(`manifests/${digest}`);
      assert.equal(answer.status, model.manifests.has(digest) ? 200 : 404);
      if (answer.ok) assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
      return;
    }
    case 'pull': {
      const answer = await client.request(`manifests/${step.tag}`);
      assert.equal(answer.headers.get('docker-content-digest'), model.tags.get(step.tag) ?? null);
      return;
    }
    case 'untag': {
      const answer = await client.request(`manifests/${step.tag}`, { method: 'DELETE' });
      assert.equal(answer.status, model.tags.delete(step.tag) ? 202 : 404);
      return;
    }
    case 'delete': {
      const { digest } = pick(step.image);
      const answer = await client.request(`manifests/${digest}`, { method: 'DELETE' });
      assert.equal(answer.status, model.manifests.delete(digest) ? 202 : 404);
      for (const [name, named] of model.tags) if (named === digest) model.tags.delete(name);
      return;
    }
    case 'unblob':
      for (const blob of pick(step.image).blobs) {
        const digest = digestBytes(blob);
        const answer = await client.request(`blobs/${digest}`, { method: 'DELETE' });
        assert.equal(answer.status, model.blobs.delete(digest) ? 202 : 404);
      }
  }
}

describe('a registry', () => {
  it('answers as its model does, whatever was pushed, moved and deleted before', async () => {
    await using server = await startTestRegistry();
    const images = Array.from({ length: 4 }, () => makeImage());
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        run += 1;
        const client = new TestClient(server.url, `model/run-${run}`);
        const model = new Model();
        for (const each of steps) await perform(client, model, { step: each, images });
        const listed = await client.request('tags/list');
        const names = [...model.tags.keys()].sort();
        if (model.hasBegun) assert.deepEqual(((await listed.json()) as { tags: string[] }).tags, names);
        const info = await server.registry.queries.repository({
          name: parseRepositoryName(client.repository),
        });
        assert.equal(info?.tagCount, model.hasBegun ? names.length : undefined);
      }),
      { numRuns: process.env.BERTH_SOAK === '1' ? 200 : 8 },
    );
    const { findings } = await server.registry.check({ deep: true });
    assert.deepEqual(findings, []);
  });
});
