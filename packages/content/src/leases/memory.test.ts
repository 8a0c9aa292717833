import { createMemoryLeases } from './memory.ts';
import { leasesSuite } from './testsuite.ts';

leasesSuite('createMemoryLeases()', async () => {
  let now = Date.now();
  return {
    leases: createMemoryLeases({ clock: () => now }),
    advance(ms) {
      now += ms;
    },
    async [Symbol.asyncDispose]() {},
  };
});
