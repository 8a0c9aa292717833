import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createMemoryBlobStore } from '@berth/content';
import { type Access, type Authorizer, type Decision, openRegistry, type Registry } from '@berth/registry';
import { copyImage, openRemote } from '@berth/transfer';
import { formatAddress } from '../listener/address.ts';
import { listen } from '../listener/listener.ts';
import { helloImage } from './hello-image.ts';
import { HELLO_REPOSITORY, lacksHello } from './lacks-hello.ts';

const USER = 'system';

/**
 * Gives a registry without any repository its first one, so that no page is empty: pushed as any client pushes,
 * over loopback, through a door of its own that opens with a password made for this and for this repository alone.
 *
 * Idempotent; after an abort or a failure the parts that arrived stay and a later call goes on with them.
 *
 * @returns whether the image was pushed
 */
export async function pushHelloOnce(
  registry: Registry,
  options: { readonly signal?: AbortSignal } = {},
): Promise<boolean> {
  if (!(await lacksHello(registry))) return false;
  const password = randomBytes(24).toString('base64url');
  const handle = registry.serve(onlyHello(password));
  let baseUrl = '';
  await using door = await listen({
    address: { host: '127.0.0.1', port: 0 },
    onRequest: (req, res) => handle(req, res, { baseUrl, remoteAddress: '127.0.0.1' }),
  });
  const host = formatAddress(door.address);
  baseUrl = `http://${host}`;
  await using source = await helloImage();
  await using sink = await openRemote({
    registry: host,
    repository: HELLO_REPOSITORY,
    access: 'push',
    credentials: { username: USER, password },
  });
  await copyImage(source, sink, { tags: ['latest'], ...options });
  return true;
}

/**
 * The same push into a registry in memory. Libraries load parts of themselves when they are first used: a process
 * that is about to lose the right to read its own code uses them before.
 */
export async function rehearsePush(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
  await using blobs = createMemoryBlobStore();
  await using registry = await openRegistry({ database: { url: 'sqlite::memory:' }, blobs });
  await pushHelloOnce(registry, options);
}

function onlyHello(password: string): Authorizer {
  const expected = Buffer.from(`Basic ${Buffer.from(`${USER}:${password}`).toString('base64')}`);
  const isIts = (access: Access) =>
    access.type === 'ping' || (access.type === 'repository' && access.name === HELLO_REPOSITORY);
  return {
    authorize: async ({ authorization = '', access }): Promise<Decision> => {
      const given = Buffer.from(authorization);
      if (given.length === expected.length && timingSafeEqual(given, expected) && access.every(isIts)) {
        return { allowed: true, subject: USER };
      }
      return {
        allowed: false,
        reason: 'unauthenticated',
        message: 'Not for you',
        challenge: 'Basic realm="first push"',
      };
    },
  };
}
