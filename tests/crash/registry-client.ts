import type { TestHub } from '../lab/hub.ts';

const TIMEOUT_MS = 60_000;

export interface RequestOptions {
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The requests of the distribution specification one by one, where `@berth/transfer` chooses them itself. */
export interface RegistryClient {
  /** @param path below `/v2/`, or a location that the registry gave */
  request(method: string, path: string, options?: RequestOptions): Promise<Response>;
}

/** Signs in for pull and push on all of these repositories at once. */
export async function signIn(hub: TestHub, repositories: readonly string[]): Promise<RegistryClient> {
  const { localUrl } = hub.report;
  const basic = Buffer.from(`${hub.username}:${hub.password}`).toString('base64');
  const ping = await fetch(`${localUrl}/v2/`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  await ping.bytes();
  const challenge = ping.headers.get('www-authenticate') ?? '';
  const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
  const url = new URL(field('realm'));
  url.searchParams.set('service', field('service'));
  for (const name of repositories) url.searchParams.append('scope', `repository:${name}:pull,push`);
  const answer = await fetch(url, {
    headers: { authorization: `Basic ${basic}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (answer.status !== 200) throw new Error(`Cannot sign in: ${answer.status} ${await answer.text()}`);
  const { token } = (await answer.json()) as { readonly token: string };
  return {
    request: (method, path, { body, headers } = {}) =>
      fetch(new URL(path, `${localUrl}/v2/`), {
        method,
        headers: { ...headers, authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: new Uint8Array(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      }),
  };
}

/** Reads the answer to its end. @throws when the status is another */
export async function expectStatus(response: Response, status: number): Promise<Response> {
  const text = response.status === status ? '' : await response.text();
  if (response.status !== status) throw new Error(`Expected ${status}, got ${response.status} ${text}`);
  await response.bytes();
  return response;
}
