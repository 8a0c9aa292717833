import assert from 'node:assert/strict';
import type { TestEngine } from '../lab/engine.ts';
import type { TestHub } from '../lab/hub.ts';
import type { Lab } from '../lab/peers.ts';
import { smallImage } from '../lab/small-image.ts';
import { type ApiAnswer, type ApiCall, callApi } from './api-client.ts';

const REPOSITORY = 'localhost:5000/admin/app';
const TAG = 'v';
const MADE = 'made:1';

/** In this order; `seen` is told when one has come to its end. */
export const PHASES = ['pull', 'create', 'run', 'commit', 'remove'] as const;

export type Phase = (typeof PHASES)[number];

/** An image is pulled, a container of it with a volume and a port made, run and committed, and all of it removed. */
export class ImageLife {
  readonly #engine: TestEngine & { readonly lab: Lab };
  readonly #auth: string;
  #layers: readonly string[] = [];

  constructor(engine: TestEngine & { readonly lab: Lab }, hub: TestHub) {
    this.#engine = engine;
    const { username, password } = hub;
    const auth = { username, password, serveraddress: 'localhost:5000' };
    this.#auth = Buffer.from(JSON.stringify(auth)).toString('base64url');
  }

  /** An image of three layers in the Hub; nothing of it stays in the engine. */
  async prepare(): Promise<void> {
    const engine = this.#engine;
    await engine.must(['import', (await smallImage(engine.lab)).tar, 'base']);
    for (const [from, to, script] of [
      ['base', 'middle', 'mkdir -p /data/sub; echo a > /data/a; seq 1 50000 > /data/sub/b'],
      [
        'middle',
        `${REPOSITORY}:${TAG}`,
        'rm /data/a; mkdir /many; for i in $(seq 1 300); do echo $i > /many/$i; done',
      ],
    ] as const) {
      await engine.must(['run', '--name', 'builder', from, 'sh', '-c', script]);
      await engine.must(['commit', 'builder', to]);
      await engine.must(['rm', 'builder']);
    }
    await this.#ok({
      method: 'POST',
      path: `/images/${REPOSITORY}/push?tag=${TAG}`,
      headers: { 'x-registry-auth': this.#auth },
    });
    this.#layers = await this.#layersOf(`${REPOSITORY}:${TAG}`);
    assert.equal(this.#layers.length, 3);
    await engine.must(['rmi', `${REPOSITORY}:${TAG}`, 'middle', 'base']);
  }

  /** @throws when any of it does not come out as it must; the socket's error when the engine dies meanwhile */
  async live(seen: (phase: Phase) => Promise<void> | void = () => {}): Promise<void> {
    await this.#ok({
      method: 'POST',
      path: `/images/create?fromImage=${REPOSITORY}&tag=${TAG}`,
      headers: { 'x-registry-auth': this.#auth },
    });
    assert.deepEqual(await this.#layersOf(`${REPOSITORY}:${TAG}`), this.#layers);
    await seen('pull');
    await this.#ok({
      method: 'POST',
      path: '/containers/create?name=work',
      json: {
        Image: `${REPOSITORY}:${TAG}`,
        Cmd: ['sh', '-c', 'wc -l < /data/sub/b; ls /many | wc -l; rm /many/1; echo made > /made; exit 3'],
        Volumes: { '/data': {} },
        ExposedPorts: { '80/tcp': {} },
        HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8081' }] } },
      },
    });
    await seen('create');
    await this.#ok({ method: 'POST', path: '/containers/work/start' });
    const waited = await this.#ok({ method: 'POST', path: '/containers/work/wait' });
    assert.equal(waited.json<{ StatusCode: number }>().StatusCode, 3);
    const logs = await this.#ok({ path: '/containers/work/logs?stdout=1&stderr=1' });
    assert.match(logs.text, /50000\n.*300\n/s);
    await seen('run');
    await this.#ok({ method: 'POST', path: '/commit?container=work&repo=made&tag=1' });
    const made = await this.#layersOf(MADE);
    assert.deepEqual(made.slice(0, 3), this.#layers);
    assert.equal(made.length, 4);
    await seen('commit');
    await this.#ok({ method: 'DELETE', path: '/containers/work?v=1' });
    await this.#ok({ method: 'DELETE', path: `/images/${MADE}` });
    await this.#ok({ method: 'DELETE', path: `/images/${REPOSITORY}:${TAG}` });
    await seen('remove');
  }

  /** The name of a container is taken by what the crash left of it. */
  async removeContainers(): Promise<void> {
    const containers = await this.#list('/containers/json?all=1');
    for (const { Id } of containers)
      await this.#ok({ method: 'DELETE', path: `/containers/${Id}?force=1&v=1` });
  }

  /** Images that lost their name to the second try, and whole layers that the engine keeps some days for one. */
  async prune(): Promise<void> {
    const filters = encodeURIComponent(JSON.stringify({ dangling: ['false'] }));
    await this.#ok({ method: 'POST', path: `/images/prune?filters=${filters}` });
  }

  /** Nothing is listed any more. */
  async assertEmpty(): Promise<void> {
    assert.deepEqual(await this.#list('/containers/json?all=1'), []);
    assert.deepEqual(await this.#list('/images/json?all=1'), []);
    const volumes = (await this.#ok({ path: '/volumes' })).json<{ Volumes: readonly unknown[] | null }>();
    assert.deepEqual(volumes.Volumes ?? [], []);
  }

  async assertCheckIsClean(): Promise<void> {
    assert.deepEqual((await this.#ok({ path: '/berth/check?deep=true' })).json(), []);
  }

  async #list(path: string): Promise<readonly { readonly Id: string }[]> {
    return (await this.#ok({ path })).json<readonly { readonly Id: string }[]>();
  }

  async #layersOf(image: string): Promise<readonly string[]> {
    const shown = (await this.#ok({ path: `/images/${image}/json` })).json<{
      readonly RootFS: { readonly Layers: readonly string[] };
    }>();
    return shown.RootFS.Layers;
  }

  /** Also a stream that tells of an error after its status was sent is a failure. */
  async #ok(call: ApiCall): Promise<ApiAnswer> {
    const answer = await callApi(this.#engine.socketPath, call);
    const words = `${call.method ?? 'GET'} ${call.path}: ${answer.status} ${answer.text}`;
    assert.ok(answer.status >= 200 && answer.status < 300, words);
    assert.ok(!answer.text.includes('"errorDetail"'), words);
    return answer;
  }
}
