import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';
import { openRemote } from '@berth/transfer';
import { mediumSuite } from '@berth/transfer/testsuite';
import { type RegistryServer, startRegistryServer } from './registry-server.ts';

let server: RegistryServer;
before(async () => {
  server = await startRegistryServer();
});
after(() => server[Symbol.asyncDispose]());

mediumSuite(
  'a repository of the registry',
  async () => {
    const place = { repository: `team/${randomUUID()}` };
    return {
      sink: () => openRemote({ ...place, registry: server.host, access: 'push' }),
      source: () => openRemote({ ...place, registry: server.host }),
      leftovers: async () => [],
      [Symbol.asyncDispose]: async () => {},
    };
  },
  { keepsManifests: true },
);
