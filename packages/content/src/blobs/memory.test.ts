import { createMemoryBlobStore } from './memory.ts';
import { blobStoreSuite } from './testsuite.ts';

blobStoreSuite(
  'createMemoryBlobStore()',
  async ({ leases }) => {
    const store = createMemoryBlobStore({ leases });
    return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  },
  { survivesCrash: false },
);
