import { startDebianRegistry } from '../../lab/debian-registry.ts';
import { startHub, type TestHub } from '../../lab/hub.ts';
import type { Lab } from '../../lab/peers.ts';
import type { Contenders } from './contender.ts';
import { call, expectStatus, pushImage } from './registry-client.ts';

export interface RunningContenders extends Contenders, AsyncDisposable {}

/** Starts both. The Hub asks for tokens, as it always does; the peer knows no accounts and asks for nothing. */
export async function startContenders(lab: Lab): Promise<RunningContenders> {
  await using opened = new AsyncDisposableStack();
  const hub = opened.use(await startHub());
  const registry = opened.use(await startDebianRegistry(lab));
  const repository = `${hub.username}/bench`;
  const address = `127.0.0.1:${hub.port}`;
  const ours = {
    host: address,
    pid: hub.report.pid,
    repository,
    headers: await bearer(address, `repository:${repository}:pull,push`, hub),
  };
  // The repository begins with its first image, and is public: a token for nobody can be had then.
  await pushImage(ours, 'first');
  const stack = opened.move();
  return {
    ours,
    peer: { host: registry.host, pid: registry.server.pid, repository, headers: {} },
    anonymous: await bearer(address, `repository:${repository}:pull`),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A token by Docker's token flow: of an account, or of nobody. */
async function bearer(
  host: string,
  scope: string,
  account?: Pick<TestHub, 'username' | 'password'>,
): Promise<Readonly<Record<string, string>>> {
  const challenge = (await call(`http://${host}/v2/`)).headers['www-authenticate'] ?? '';
  const realm = /realm="([^"]*)"/.exec(challenge)?.[1];
  const service = /service="([^"]*)"/.exec(challenge)?.[1];
  if (realm === undefined || service === undefined) throw new Error(`Cannot read challenge "${challenge}"`);
  const url = new URL(realm);
  url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  const basic = Buffer.from(`${account?.username}:${account?.password}`).toString('base64');
  const answer = await call(url.href, {
    headers: account === undefined ? {} : { authorization: `Basic ${basic}` },
  });
  expectStatus(answer, 200);
  const { token } = JSON.parse(answer.text) as { readonly token: string };
  return { authorization: `Bearer ${token}` };
}
