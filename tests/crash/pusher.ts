import assert from 'node:assert/strict';
import { type Digest, digestBytes } from '@berth/oci';
import type { RandomImage } from '@berth/oci/testing';
import { copyImage, memorySource, openRemote, type Remote } from '@berth/transfer';
import type { TestHub } from '../lab/hub.ts';
import { assertWhole } from './assert-whole.ts';
import type { PushPlan } from './push-plan.ts';
import { expectStatus, type RegistryClient, signIn } from './registry-client.ts';
import { type Sessions, type UploadShape, uploadByShape } from './upload-shapes.ts';

const SHAPES: readonly UploadShape[] = ['post', 'mount', 'put', 'stream', 'chunks'];
/** A Hub that is gone does not come back by itself. */
const NO_RETRY = { attempts: 1, baseDelayMs: 10, maxDelayMs: 10 };

/**
 * A client that pushes one plan, remembers what the Hub said it has, and may try again: first a new repository by
 * every shape of upload, one after another, then a moved tag with `@berth/transfer`.
 */
export class Pusher {
  readonly #plan: PushPlan;
  readonly #sessions: Sessions = new Map();
  readonly #blobs = new Map<string, Set<Digest>>();
  readonly #tags = new Map<string, Digest>();

  constructor(plan: PushPlan) {
    this.#plan = plan;
  }

  async push(hub: TestHub): Promise<void> {
    const { fresh, freshRepository, baseRepository, movedRepository } = this.#plan;
    const client = await signIn(hub, [freshRepository, baseRepository]);
    const descriptors = [fresh.manifest.config, ...fresh.layers];
    for (const [index, { digest }] of descriptors.entries()) {
      const shape = SHAPES[index] ?? 'put';
      const bytes = bytesOf(fresh, digest);
      const upload = { shape, repository: freshRepository, digest, bytes, from: baseRepository };
      await uploadByShape(client, upload, this.#sessions);
      this.#heard(freshRepository, digest);
    }
    await this.#putManifest(client, freshRepository, fresh);
    await using remote = await this.#open(hub, movedRepository);
    await copyImage(sourceOf(this.#plan.moved), remote, {
      tags: ['v'],
      jobs: this.#plan.jobs,
      onEvent: (event) => {
        if (event.type === 'blob.done') this.#heard(movedRepository, event.digest);
        if (event.type === 'manifest.done' && event.tags.length > 0)
          this.#tags.set(movedRepository, event.digest);
      },
    });
  }

  /** All that was acknowledged is there, byte for byte; the moved tag names the old image or the new one. */
  async assertAcknowledged(hub: TestHub): Promise<void> {
    const { freshRepository, movedRepository, moved, old } = this.#plan;
    const client = await signIn(hub, [freshRepository, movedRepository]);
    for (const [repository, digests] of this.#blobs) {
      for (const digest of digests) {
        const answer = await client.request('GET', `${repository}/blobs/${digest}`);
        assert.equal(answer.status, 200, `${repository} has lost ${digest}`);
        assert.equal(digestBytes(await answer.bytes()), digest);
      }
    }
    const tagOf = async (repository: string): Promise<string | null> => {
      const answer = await client.request('HEAD', `${repository}/manifests/v`);
      return answer.status === 404 ? null : answer.headers.get('docker-content-digest');
    };
    for (const [repository, digest] of this.#tags) assert.equal(await tagOf(repository), digest, repository);
    const named = await tagOf(movedRepository);
    assert.ok(
      [old.descriptor.digest, moved.descriptor.digest].some((each) => each === named),
      String(named),
    );
    const freshTag = await tagOf(freshRepository);
    assert.ok(freshTag === null || freshTag === this.#plan.fresh.descriptor.digest);
  }

  /** Both images come back whole, with the digests that were pushed. */
  async assertPulls(hub: TestHub): Promise<void> {
    const { freshRepository, movedRepository, fresh, moved } = this.#plan;
    for (const [repository, image] of [
      [freshRepository, fresh],
      [movedRepository, moved],
    ] as const) {
      await using remote = await this.#open(hub, repository);
      await assertWhole(remote, image.descriptor.digest);
    }
  }

  async #open(hub: TestHub, repository: string): Promise<Remote> {
    const { journalFolder } = this.#plan;
    const { host: registry, username, password } = hub;
    const credentials = { username, password };
    return openRemote({ registry, repository, access: 'push', credentials, journalFolder, retry: NO_RETRY });
  }

  async #putManifest(client: RegistryClient, repository: string, image: RandomImage): Promise<void> {
    const { mediaType, digest } = image.descriptor;
    const body = image.manifestBytes;
    const headers = { 'content-type': mediaType };
    await expectStatus(await client.request('PUT', `${repository}/manifests/v`, { body, headers }), 201);
    this.#tags.set(repository, digest);
  }

  #heard(repository: string, digest: Digest): void {
    const known = this.#blobs.get(repository) ?? new Set();
    this.#blobs.set(repository, known.add(digest));
  }
}

function bytesOf(image: RandomImage, digest: Digest): Uint8Array {
  const bytes = image.blobs.get(digest);
  if (bytes === undefined) throw new Error(`The image has no blob ${digest}`);
  return bytes;
}

export function sourceOf(image: RandomImage): ReturnType<typeof memorySource> {
  return memorySource({
    manifests: [{ descriptor: image.descriptor, bytes: image.manifestBytes }],
    blobs: image.blobs,
    tags: new Map([['v', image.descriptor]]),
  });
}
