import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobStoreSuite } from '../testsuite.ts';
import { openFolderBlobStore } from './store.ts';

blobStoreSuite(
  'openFolderBlobStore()',
  async ({ leases }) => {
    await using stack = new AsyncDisposableStack();
    const root = await mkdtemp(join(tmpdir(), 'berth-content-'));
    stack.defer(() => rm(root, { recursive: true, force: true }));
    const path = join(root, 'made', 'at', 'open');
    const store = stack.use(await openFolderBlobStore({ path, leases }));
    const stores = stack.use(new AsyncDisposableStack());
    const all = stack.move();
    return {
      store,
      async reopen() {
        return stores.use(await openFolderBlobStore({ path, leases }));
      },
      [Symbol.asyncDispose]: () => all.disposeAsync(),
    };
  },
  { survivesCrash: true },
);
