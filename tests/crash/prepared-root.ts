import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Digest } from '@berth/oci';
import { type RandomImage, randomImage } from '@berth/oci/testing';
import { copyImage, openRemote } from '@berth/transfer';
import { startHub, type TestHub } from '../lab/hub.ts';
import { storedBlobs } from './leftovers.ts';
import { BASE_REPOSITORY, MOVED_REPOSITORY, makeBase } from './push-plan.ts';
import { sourceOf } from './pusher.ts';

const run = promisify(execFile);

/** The data folder of a Hub that has an account and two images, and stands still. */
export interface PreparedRoot extends AsyncDisposable {
  /** For what a test makes; gone at the end. */
  readonly work: string;
  /** What lies in its content store. */
  readonly blobs: ReadonlySet<Digest>;
  readonly old: RandomImage;
  /** A data root of its own with all of it. */
  copy(name: string): Promise<string>;
}

export async function prepareRoot(options: { readonly layerSizeBytes: number }): Promise<PreparedRoot> {
  const work = await mkdtemp(join(tmpdir(), 'berth-crash-'));
  const template = join(work, 'template');
  const dispose = () => rm(work, { recursive: true, force: true });
  try {
    // The Hub gives up root and must be able to pass.
    await chmod(work, 0o755);
    await run('mkdir', [template]);
    const old = await randomImage({ seed: 'old' });
    {
      await using hub = await startHub({ dataRoot: template });
      await pushImage(hub, BASE_REPOSITORY, await makeBase(options.layerSizeBytes));
      await pushImage(hub, MOVED_REPOSITORY, old);
    }
    return {
      work,
      blobs: await storedBlobs(template),
      old,
      async copy(name) {
        const path = join(work, name);
        await run('cp', ['--archive', template, path]);
        return path;
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** As the tag `v`. */
export async function pushImage(hub: TestHub, repository: string, image: RandomImage): Promise<void> {
  const { host: registry, username, password } = hub;
  const credentials = { username, password };
  await using remote = await openRemote({ registry, repository, access: 'push', credentials });
  await copyImage(sourceOf(image), remote, { tags: ['v'] });
}
