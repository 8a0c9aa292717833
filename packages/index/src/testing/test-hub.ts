import { type Authorizer, createTokenAuthorizer } from '@berth/registry';
import Fastify, { type FastifyInstance } from 'fastify';
import { type Index, type IndexOptions, openIndex } from '../open-index.ts';
import { createMemoryRegistry, type MemoryRegistry } from './memory-registry.ts';

export const PASSWORD = 'four words in a row';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into bodies whose shape it is about to assert
  readonly json: any;
}

export interface CallOptions {
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** `Authorization: Bearer`. */
  readonly bearer?: string | undefined;
  /** `name:password`. */
  readonly basic?: string;
  readonly cookie?: string | undefined;
}

export interface TestHub extends AsyncDisposable {
  readonly index: Index;
  readonly registry: MemoryRegistry;
  /** The registry's own, over the Index's keys. */
  readonly authorizer: Authorizer;
  readonly app: FastifyInstance;
  readonly url: string;
  readonly faults: readonly unknown[];
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Makes a user (the first one is the administrator) and signs in. @returns a bearer token */
  user(name: string): Promise<string>;
}

/** An Index behind a real listener on loopback, as the Hub has it. */
export async function openTestHub(options: Partial<IndexOptions> = {}): Promise<TestHub> {
  await using opening = new AsyncDisposableStack();
  const registry = createMemoryRegistry();
  const faults: unknown[] = [];
  const index = opening.use(
    await openIndex({
      database: { url: 'sqlite::memory:' },
      registry,
      service: 'berth',
      issuer: 'berth',
      onFault: (error) => faults.push(error),
      ...options,
    }),
  );
  const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } });
  await app.register(index.routes);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  opening.defer(() => app.close());

  async function call(method: string, path: string, more: CallOptions = {}): Promise<Answer> {
    const headers = new Headers(more.headers);
    if (more.bearer !== undefined) headers.set('authorization', `Bearer ${more.bearer}`);
    if (more.basic !== undefined) {
      headers.set('authorization', `Basic ${Buffer.from(more.basic).toString('base64')}`);
    }
    if (more.cookie !== undefined) headers.set('cookie', more.cookie);
    let body: string | URLSearchParams | undefined;
    if (more.form !== undefined) body = new URLSearchParams(more.form);
    if (more.json !== undefined) {
      body = JSON.stringify(more.json);
      headers.set('content-type', 'application/json');
    }
    const init = { method, headers, redirect: 'manual' as const, ...(body === undefined ? {} : { body }) };
    const response = await fetch(new URL(path, url), init);
    const text = await response.text();
    const isJson = text !== '' && (response.headers.get('content-type') ?? '').includes('json');
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : undefined,
    };
  }

  async function user(name: string): Promise<string> {
    const account = { username: name, password: PASSWORD };
    if ((await index.createAdmin({ username: name, password: PASSWORD })) === undefined) {
      await call('POST', '/v2/users', { json: account });
    }
    const { json } = await call('POST', '/v2/users/login', { json: account });
    return json.token as string;
  }

  const owned = opening.move();
  return {
    ...{ index, registry, app, url, faults, call, user },
    authorizer: createTokenAuthorizer({ ...index.authorizerOptions, now: () => Date.now() }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The cookie of an answer as the browser sends it back. */
export function cookieOf(answer: Answer): string | undefined {
  return answer.headers.getSetCookie()[0]?.split(';')[0];
}
