import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needEngine, type TestEngine } from '../lab/engine.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { smallImageBytes } from '../lab/small-image.ts';
import { type ApiCall, callApi } from './api-client.ts';
import { parseFrames, RawClient, textOf } from './raw-client.ts';

const IMAGE = 'small:1';
const LOOP = 'i=0; while :; do i=$((i+1)); echo out $i; echo err $i >&2; sleep 0.1; done';

test('the Engine API, byte by byte', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  const engine = await needEngine(t, { tcp: '127.0.0.1:2375' });
  if (engine === undefined) return;
  t.after(assertNoLeaks);
  await engine.must(['import', '-', IMAGE], { input: await smallImageBytes(engine.lab) });
  const cases: Readonly<Record<string, (engine: TestEngine, t: TestContext) => Promise<void>>> = {
    ...negotiation,
    ...refusals,
    ...streams,
    ...waits,
    ...strangers,
    ...clientsThatGo,
    ...theEnd,
  };
  for (const [name, run] of Object.entries(cases)) await t.test(name, (inner) => run(engine, inner));
});

type Cases = Record<string, (engine: TestEngine, t: TestContext) => Promise<void>>;

const api = (engine: TestEngine, call: ApiCall) => callApi(engine.socketPath, call);

async function create(engine: TestEngine, config: Readonly<Record<string, unknown>>): Promise<string> {
  const answer = await api(engine, {
    method: 'POST',
    path: '/containers/create',
    json: { Image: IMAGE, ...config },
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.json<{ Id: string }>().Id;
}

async function start(engine: TestEngine, id: string): Promise<void> {
  assert.equal((await api(engine, { method: 'POST', path: `/containers/${id}/start` })).status, 204);
}

async function remove(engine: TestEngine, id: string): Promise<void> {
  await api(engine, { method: 'DELETE', path: `/containers/${id}?force=1&v=1` });
}

async function exitCode(engine: TestEngine, id: string): Promise<number> {
  const answer = await api(engine, { method: 'POST', path: `/containers/${id}/wait` });
  return answer.json<{ StatusCode: number }>().StatusCode;
}

const negotiation: Cases = {
  'says its version in every answer, errors too': async (engine) => {
    for (const path of [
      '/_ping',
      '/v1.40/info',
      '/nowhere',
      '/containers/x/json',
      '/v9.9/info',
      '/services',
    ]) {
      const { headers } = await api(engine, { path });
      assert.equal(headers['api-version'], '1.50', path);
      assert.equal(headers['docker-experimental'], 'false', path);
      assert.equal(headers.ostype, 'linux', path);
      assert.match(String(headers.server), /^Berth\/\S+ \(linux\)$/, path);
    }
  },

  'answers a ping on any version, with GET and HEAD': async (engine) => {
    for (const path of ['/_ping', '/v1.43/_ping', '/v1.99/_ping', '/v1.12/_ping']) {
      const got = await api(engine, { path });
      assert.deepEqual([got.status, got.text, got.headers['builder-version']], [200, 'OK', '1'], path);
      assert.match(String(got.headers['cache-control']), /no-cache/);
      const head = await api(engine, { method: 'HEAD', path });
      assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '2'], path);
    }
  },

  'refuses clients that are too old or too new in the words they know': async (engine) => {
    const old = await api(engine, { path: '/v1.24/info' });
    assert.equal(old.status, 400);
    assert.deepEqual(old.json(), {
      message:
        'client version 1.24 is too old. Minimum supported API version is 1.40, please upgrade your client to a newer version',
    });
    const young = await api(engine, { method: 'POST', path: '/v1.51/containers/x/attach' });
    assert.equal(young.status, 400);
    assert.deepEqual(young.json(), {
      message: 'client version 1.51 is too new. Maximum supported API version is 1.50',
    });
  },

  'has fields of older versions only in these': async (engine) => {
    const image = async (version: string) =>
      (await api(engine, { path: `/v${version}/images/${IMAGE}/json` })).json<Record<string, unknown>>();
    assert.equal(typeof (await image('1.43')).VirtualSize, 'number');
    assert.equal((await image('1.44')).VirtualSize, undefined);
    assert.equal(
      (await image('1.49')).Config instanceof Object &&
        'Hostname' in ((await image('1.49')).Config as object),
      true,
    );
    assert.equal('Hostname' in ((await image('1.50')).Config as object), false);
  },

  'answers one request after another on one connection': async (engine) => {
    using client = new RawClient(engine.socketPath);
    client.send('GET /_ping HTTP/1.1\r\nHost: x\r\n\r\nGET /_ping HTTP/1.1\r\nHost: x\r\n\r\n');
    for (let count = 0; count < 2; count += 1) {
      assert.equal((await client.head()).status, 200);
      assert.equal((await client.bytes(2)).toString(), 'OK');
    }
  },
};

const refusals: Cases = {
  'answers what it does not have with a sentence': async (engine) => {
    for (const [line, status, words] of [
      ['POST /networks/create', 501, /networks/],
      ['POST /build', 501, /build/],
      ['GET /images/search?term=x', 501, /search/],
      ['GET /containers/x/attach/ws', 501, /websocket/],
      ['POST /swarm/init', 501, /swarm/],
      ['GET /services', 503, /^This node is not a swarm manager\. /],
      ['GET /nodes/x', 503, /^This node is not a swarm manager\. /],
      ['GET /nowhere', 404, /^page not found$/],
      ['PATCH /info', 404, /^page not found/],
      ['GET /containers/json/', 200, /./],
    ] as const) {
      const [method = '', path = ''] = line.split(' ');
      const answer = await api(engine, { method, path });
      assert.equal(answer.status, status, line);
      if (status !== 200) assert.match(answer.json<{ message: string }>().message, words, line);
    }
  },

  'names the field that has a wrong type, and changes nothing': async (engine) => {
    const bodies: readonly (readonly [unknown, RegExp])[] = [
      [{ Image: IMAGE, HostConfig: { Memory: '64m' } }, /"HostConfig\.Memory".*integer/],
      [{ Image: IMAGE, Env: { A: 1 } }, /"Env".*array/],
      [[1], /the body/],
    ];
    const before = (await api(engine, { path: '/containers/json?all=1' })).text;
    for (const [json, words] of bodies) {
      const answer = await api(engine, { method: 'POST', path: '/containers/create', json });
      assert.equal(answer.status, 400);
      assert.match(answer.json<{ message: string }>().message, words);
    }
    const broken = await api(engine, {
      ...{ method: 'POST', path: '/containers/create', body: '{"Image":' },
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(broken.status, 400);
    const form = await api(engine, {
      ...{ method: 'POST', path: '/containers/create', body: `{"Image":"${IMAGE}"}` },
      headers: { 'content-type': 'text/plain' },
    });
    assert.deepEqual(
      [form.status, form.json()],
      [400, { message: "unsupported Content-Type header (text/plain): must be 'application/json'" }],
    );
    assert.equal((await api(engine, { path: '/containers/json?all=1' })).text, before);
  },

  'refuses a body that is larger than any with a meaning': async (engine) => {
    const body = JSON.stringify({ Image: IMAGE, Labels: { x: 'y'.repeat(9 * 1024 * 1024) } });
    const answer = await api(engine, {
      ...{ method: 'POST', path: '/containers/create', body },
      headers: { 'content-type': 'application/json' },
    }).catch((error: Error & { code?: string }) => error.code);
    // The server may hang up before all was sent.
    if (typeof answer === 'object') assert.equal(answer.status, 413);
    else assert.ok(answer === 'EPIPE' || answer === 'ECONNRESET', answer);
  },

  'takes no path of the machine from a name (attack 34)': async (engine) => {
    for (const name of ['..%2f..%2f..%2fetc', '%2e%2e', '..%2fdata%2fengine.db', 'x%00y', '%ff']) {
      for (const line of [
        `GET /containers/${name}/json`,
        `DELETE /containers/${name}`,
        `GET /volumes/${name}`,
      ]) {
        const [method = '', path = ''] = line.split(' ');
        const { status, text } = await api(engine, { method, path });
        assert.ok(status === 404 || status === 400, `${line}: ${status} ${text}`);
      }
    }
    const { status } = await api(engine, {
      method: 'POST',
      path: '/volumes/create',
      json: { Name: '../../x' },
    });
    assert.equal(status, 400);
    assert.ok((await readdir(engine.dataRoot)).includes('engine.db'));
  },

  'tells a client in the middle of a large upload why it is refused': async (engine) => {
    const body = randomBytes(24 * 1024 * 1024);
    for (const path of [
      '/images/load',
      '/images/create?fromSrc=-&repo=bad',
      '/containers/nosuch/archive?path=/',
    ]) {
      const method = path.startsWith('/containers') ? 'PUT' : 'POST';
      const answer = await api(engine, {
        method,
        path,
        body,
        headers: { 'content-type': 'application/x-tar' },
      });
      assert.ok(
        answer.status >= 400 || answer.text.includes('"error"'),
        `${path}: ${answer.status} ${answer.text}`,
      );
    }
  },

  'gives 413, 400 or a cut to bytes that are no HTTP, and lives on': async (engine) => {
    for (const bytes of [
      '\x00\x01\x02\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      `GET /${'x'.repeat(1_100_000)} HTTP/1.1\r\n\r\n`,
    ]) {
      using client = new RawClient(engine.socketPath);
      client.send(bytes);
      assert.match((await client.rest()).toString(), /^(HTTP\/1\.1 4\d\d |$)/);
    }
    assert.equal((await api(engine, { path: '/_ping' })).status, 200);
  },
};

function upgrade(path: string, body = ''): string {
  const type = body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${type}\r\n${body}`;
}

const streams: Cases = {
  'attaches before the start and misses nothing; the types go by version and terminal': async (engine) => {
    for (const [version, Tty, type] of [
      ['1.41', false, 'application/vnd.docker.raw-stream'],
      ['1.42', false, 'application/vnd.docker.multiplexed-stream'],
      ['1.50', true, 'application/vnd.docker.raw-stream'],
    ] as const) {
      const id = await create(engine, { Cmd: ['sh', '-c', 'echo out; echo err >&2'], Tty });
      using client = new RawClient(engine.socketPath);
      client.send(upgrade(`/v${version}/containers/${id}/attach?stream=1&stdout=1&stderr=1`));
      const head = await client.head();
      assert.deepEqual([head.status, head.reason], [101, 'UPGRADED']);
      assert.equal(head.headers.upgrade, 'tcp');
      assert.equal(head.headers['content-type'], type);
      await start(engine, id);
      const bytes = await client.rest();
      if (Tty) assert.equal(bytes.toString(), 'out\r\nerr\r\n');
      else {
        const frames = parseFrames(bytes);
        assert.equal(textOf(frames, 1), 'out\n');
        assert.equal(textOf(frames, 2), 'err\n');
      }
      await remove(engine, id);
    }
  },

  'gives 200 and never 101 to who did not ask for an upgrade, and takes stdin all the same': async (
    engine,
  ) => {
    const id = await create(engine, { Cmd: ['cat'], OpenStdin: true, StdinOnce: true, AttachStdin: true });
    using client = new RawClient(engine.socketPath);
    // Not the first request of its connection.
    client.send('GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal((await client.head()).status, 200);
    assert.equal((await client.bytes(2)).toString(), 'OK');
    client.send(`POST /containers/${id}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
    const head = await client.head();
    assert.equal(head.status, 200);
    assert.equal(head.headers['content-type'], 'application/vnd.docker.multiplexed-stream');
    assert.equal(head.headers['transfer-encoding'], undefined);
    await start(engine, id);
    client.send('GET /_ping HTTP/1.1\r\n\r\n');
    client.endInput();
    assert.equal(textOf(await client.frames(), 1), 'GET /_ping HTTP/1.1\r\n\r\n');
    assert.equal(await exitCode(engine, id), 0);
    await remove(engine, id);
  },

  'ends stdin when the client closes its side, and output goes on': async (engine) => {
    const script = 'read line; echo got $line; cat > /dev/null; sleep 0.3; echo after the end; exit 7';
    const id = await create(engine, {
      Cmd: ['sh', '-c', script],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
    });
    using client = new RawClient(engine.socketPath);
    // The first bytes of stdin come with the request, in one packet.
    client.send(`${upgrade(`/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1`)}first line\n`);
    assert.equal((await client.head()).status, 101);
    await start(engine, id);
    await client.until('got first line\n');
    client.endInput();
    assert.equal(textOf(await client.frames(), 1), 'after the end\n');
    assert.equal(await exitCode(engine, id), 7);
    await remove(engine, id);
  },

  'runs an exec whose body and first input come in one packet; the exit code is there when the stream ends':
    async (engine) => {
      const id = await create(engine, { Cmd: ['sleep', '1000'] });
      await start(engine, id);
      for (let round = 0; round < 10; round += 1) {
        const made = await api(engine, {
          ...{ method: 'POST', path: `/containers/${id}/exec` },
          json: {
            Cmd: ['sh', '-c', 'cat; exit 5'],
            AttachStdin: true,
            AttachStdout: true,
            AttachStderr: true,
          },
        });
        const exec = made.json<{ Id: string }>().Id;
        using client = new RawClient(engine.socketPath);
        client.send(`${upgrade(`/v1.43/exec/${exec}/start`, '{"Detach":false,"Tty":false}')}typed at once`);
        client.endInput();
        assert.equal((await client.head()).status, 101);
        assert.equal(textOf(await client.frames(), 1), 'typed at once');
        const seen = (await api(engine, { path: `/exec/${exec}/json` })).json<{
          ExitCode: number;
          Running: boolean;
        }>();
        assert.deepEqual([seen.ExitCode, seen.Running], [5, false]);
      }
      await remove(engine, id);
    },

  'starts an exec detached, with and without an upgrade': async (engine) => {
    const id = await create(engine, { Cmd: ['sleep', '1000'] });
    await start(engine, id);
    const make = async () =>
      (
        await api(engine, {
          method: 'POST',
          path: `/containers/${id}/exec`,
          json: { Cmd: ['touch', '/made'] },
        })
      ).json<{ Id: string }>().Id;
    const plain = await api(engine, {
      ...{ method: 'POST', path: `/exec/${await make()}/start`, json: { Detach: true } },
    });
    assert.deepEqual([plain.status, plain.text], [200, '']);
    using client = new RawClient(engine.socketPath);
    client.send(upgrade(`/exec/${await make()}/start`, '{"Detach":true}'));
    assert.equal((await client.head()).status, 200);
    assert.equal((await client.rest()).toString(), '');
    await remove(engine, id);
  },

  'answers errors of a takeover as HTTP': async (engine) => {
    for (const path of ['/containers/nosuch/attach?stream=1&stdout=1', '/exec/nosuch/start']) {
      using client = new RawClient(engine.socketPath);
      client.send(upgrade(path, '{}'));
      const head = await client.head();
      assert.equal(head.status, 404);
      assert.equal(head.headers['api-version'], '1.50');
      assert.match(
        (await client.rest()).toString(),
        /^\{"message":"No such (container|exec instance): nosuch"\}\n$/,
      );
    }
    using client = new RawClient(engine.socketPath);
    client.send(upgrade('/containers/x/attach?stream=1&detachKeys=shift-a'));
    assert.equal((await client.head()).status, 400);
    assert.match((await client.rest()).toString(), /Invalid detach keys \(shift-a\) provided/);
  },

  'treats other upgrades as requests': async (engine) => {
    for (const [line, protocol, status] of [
      ['POST /grpc', 'h2c', 501],
      ['POST /session', 'h2c', 501],
      ['GET /containers/json', 'tcp', 200],
      ['GET /containers/x/attach/ws', 'websocket', 501],
    ] as const) {
      using client = new RawClient(engine.socketPath);
      client.send(`${line} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
      assert.equal((await client.head()).status, status, line);
    }
  },

  'replays the log before the stream': async (engine) => {
    const id = await create(engine, { Cmd: ['sh', '-c', 'echo early; sleep 1; echo late'] });
    await start(engine, id);
    await sleep(400);
    using client = new RawClient(engine.socketPath);
    client.send(upgrade(`/containers/${id}/attach?logs=1&stream=1&stdout=1`));
    await client.head();
    assert.equal(textOf(await client.frames(), 1), 'early\nlate\n');
    using again = new RawClient(engine.socketPath);
    again.send(upgrade(`/containers/${id}/attach?logs=1&stdout=1`));
    await again.head();
    assert.equal(textOf(await again.frames(), 1), 'early\nlate\n');
    await remove(engine, id);
  },

  'gives logs in frames, by stream, tail and time, and follows to the end': async (engine) => {
    const id = await create(engine, {
      Cmd: ['sh', '-c', 'for i in 1 2 3; do echo o$i; echo e$i >&2; done; sleep 1; echo last'],
    });
    await start(engine, id);
    await sleep(300);
    const logs = async (query: string) => {
      using client = new RawClient(engine.socketPath);
      client.send(`GET /containers/${id}/logs?${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      const { headers } = await client.head();
      const rest = await client.rest();
      return parseFrames(headers['transfer-encoding'] === 'chunked' ? dechunk(rest) : rest);
    };
    assert.equal(textOf(await logs('stdout=1&stderr=1&follow=1'), 1), 'o1\no2\no3\nlast\n');
    assert.equal(textOf(await logs('stderr=1'), 2), 'e1\ne2\ne3\n');
    assert.equal(textOf(await logs('stdout=1&tail=1'), 1), 'last\n');
    // Lines of both streams are counted, then one is shown; the last one was no error.
    assert.equal(textOf(await logs('stderr=1&tail=1'), 2), '');
    assert.equal(textOf(await logs('stdout=1&tail=0'), 1), '');
    assert.match(textOf(await logs('stdout=1&timestamps=1&tail=1'), 1), /^\d{4}-\d\d-\d\dT[\d:.]+Z last\n$/);
    assert.equal(textOf(await logs(`stdout=1&since=${Date.now() / 1000 + 5}`), 1), '');
    const none = await api(engine, { path: `/containers/${id}/logs` });
    assert.deepEqual(
      [none.status, none.json()],
      [400, { message: 'Bad parameters: you must choose at least one stream' }],
    );
    await remove(engine, id);
  },
};

function dechunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    const length = Number.parseInt(bytes.toString('latin1', at, end), 16);
    if (!(length > 0)) return Buffer.concat(parts);
    parts.push(bytes.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
}

const waits: Cases = {
  'sends the head of a wait at once, and the exit code later': async (engine) => {
    const id = await create(engine, { Cmd: ['sh', '-c', 'exit 9'], HostConfig: { AutoRemove: true } });
    using client = new RawClient(engine.socketPath);
    client.send(
      `POST /containers/${id}/wait?condition=removed HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    assert.equal((await client.head()).status, 200);
    await start(engine, id);
    assert.match((await client.rest()).toString(), /\{"StatusCode":9/);
    assert.equal((await api(engine, { path: `/containers/${id}/json` })).status, 404);
    const wrong = await api(engine, { method: 'POST', path: '/containers/x/wait?condition=never' });
    assert.equal(wrong.status, 400);
  },

  'sends the head of events at once, each event as a line, and the older fields': async (engine) => {
    using client = new RawClient(engine.socketPath);
    const filters = encodeURIComponent('{"type":{"container":true}}');
    client.send(`GET /v1.43/events?filters=${filters} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal((await client.head()).status, 200);
    const id = await create(engine, { Cmd: ['true'] });
    const line = (await client.until('}\n')).replace(/^[0-9a-f]+\r\n/, '');
    const event = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual(
      [event.status, event.id, event.from, event.Type, event.Action],
      ['create', id, IMAGE, 'container', 'create'],
    );
    await remove(engine, id);
    const since = Number(event.time) - 1;
    const until = Math.ceil(Date.now() / 1000);
    const past = await api(engine, { path: `/events?since=${since}&until=${until}&filters=${filters}` });
    assert.ok(
      past.text.split('\n').some((one) => one.includes(id) && one.includes('"destroy"')),
      past.text,
    );
  },

  'says 304 for what is so already': async (engine) => {
    const id = await create(engine, { Cmd: ['sleep', '1000'] });
    const post = async (verb: string) =>
      (await api(engine, { method: 'POST', path: `/containers/${id}/${verb}` })).status;
    assert.deepEqual([await post('stop'), await post('start'), await post('start')], [304, 204, 304]);
    assert.deepEqual([await post('kill'), await exitCode(engine, id), await post('kill')], [204, 137, 409]);
    await remove(engine, id);
  },
};

const strangers: Cases = {
  'answers no page in a browser and no bent name on its port (attack 33)': async (engine) => {
    const { port } = new URL(`http://${engine.report.tcpAddress}`);
    const ask = async (...headers: readonly string[]) => {
      const args = ['--silent', '--output', '/dev/stderr', '--write-out', '%{http_code}'];
      const { stdout } = await engine.inside('curl', [
        ...args,
        ...headers.flatMap((header) => ['--header', header]),
        `http://127.0.0.1:${port}/info`,
      ]);
      return stdout;
    };
    assert.equal(await ask(), '200');
    assert.equal(await ask('Host: localhost:2375'), '200');
    assert.equal(await ask('Host: evil.example'), '403');
    assert.equal(await ask('Host: 127.0.0.1.evil.example:2375'), '403');
    assert.equal(await ask('Origin: http://evil.example'), '403');
    assert.equal(await ask('Origin: http://localhost:2375'), '403');
    assert.equal(await ask('Sec-Fetch-Site: cross-site'), '403');
  },

  'refuses a takeover from a page, too': async (engine) => {
    const id = await create(engine, { Cmd: ['sleep', '5'] });
    const { stdout } = await engine.inside('curl', [
      ...['--silent', '--include', '--max-time', '5', '--request', 'POST', '--header', 'Origin: http://x'],
      ...['--header', 'Connection: Upgrade', '--header', 'Upgrade: tcp'],
      `http://${engine.report.tcpAddress}/containers/${id}/attach?stream=1&stdout=1`,
    ]);
    assert.match(stdout, /^HTTP\/1\.1 403 /);
    await remove(engine, id);
  },
};

/** Open files of the engine, as the machine counts them. */
async function openFiles(engine: TestEngine): Promise<number> {
  return (await readdir(`/proc/${engine.server.pid}/fd`)).length;
}

async function settlesAt(engine: TestEngine, most: number): Promise<void> {
  let now = 0;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    now = await openFiles(engine);
    if (now <= most) return;
    await sleep(100);
  }
  assert.fail(`The engine has ${now} files open, expected at most ${most}`);
}

const clientsThatGo: Cases = {
  'keeps nothing of clients that go away in the middle, and the container runs on': async (engine) => {
    const id = await create(engine, { Cmd: ['sh', '-c', LOOP], OpenStdin: true });
    await start(engine, id);
    await api(engine, { path: `/containers/${id}/logs?stdout=1` });
    const before = await openFiles(engine);
    for (let round = 0; round < 10; round += 1) {
      const lines = [
        upgrade(`/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1`),
        `POST /containers/${id}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET /containers/${id}/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET /events HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET /containers/${id}/stats HTTP/1.1\r\nHost: x\r\n\r\n`,
        `POST /containers/${id}/wait HTTP/1.1\r\nHost: x\r\n\r\n`,
      ];
      for (const line of lines) {
        using client = new RawClient(engine.socketPath);
        client.send(line);
        await client.head();
      }
    }
    await settlesAt(engine, before + 2);
    const { State } = (await api(engine, { path: `/containers/${id}/json` })).json<{
      State: { Running: boolean };
    }>();
    assert.equal(State.Running, true);
    await remove(engine, id);
  },

  'leaks nothing by execs that cannot start or are resized (attack 35)': async (engine) => {
    const id = await create(engine, { Cmd: ['sleep', '1000'] });
    await start(engine, id);
    const round = async (Tty: boolean): Promise<void> => {
      const made = await api(engine, {
        ...{ method: 'POST', path: `/containers/${id}/exec` },
        json: { Cmd: ['/no/such/program'], AttachStdout: true, Tty },
      });
      const exec = made.json<{ Id: string }>().Id;
      await api(engine, { method: 'POST', path: `/exec/${exec}/resize?h=10&w=20` });
      await api(engine, { method: 'POST', path: `/exec/${exec}/start`, json: { Tty } });
    };
    await round(true);
    const before = await openFiles(engine);
    for (let count = 0; count < 10; count += 1) await round(count % 2 === 0);
    await settlesAt(engine, before + 2);
    await remove(engine, id);
  },

  'holds little memory for a client that does not read': async (engine) => {
    const id = await create(engine, {
      Cmd: ['yes', 'x'.repeat(1000)],
      HostConfig: { LogConfig: { Type: 'none' } },
    });
    using client = new RawClient(engine.socketPath);
    client.send(upgrade(`/containers/${id}/attach?stream=1&stdout=1`));
    await client.head();
    client.socket.pause();
    await start(engine, id);
    const memory = async () => {
      const status = await engine.inside('sh', ['-c', 'cat /proc/[0-9]*/status | grep VmRSS']);
      return status.stdout
        .split('\n')
        .reduce((sum, line) => sum + Number(/(\d+) kB/.exec(line)?.[1] ?? 0), 0);
    };
    await sleep(1000);
    const early = await memory();
    await sleep(4000);
    const late = await memory();
    assert.ok(late < early + 64 * 1024, `${early} kB, then ${late} kB`);
    await remove(engine, id);
  },
};

const theEnd: Cases = {
  'ends what is open when it is told to stop, and containers run on': async (engine) => {
    const id = await create(engine, { Cmd: ['sleep', '1000'] });
    await start(engine, id);
    using events = new RawClient(engine.socketPath);
    events.send('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    await events.head();
    using attached = new RawClient(engine.socketPath);
    attached.send(upgrade(`/containers/${id}/attach?stream=1&stdout=1`));
    await attached.head();
    using waiting = new RawClient(engine.socketPath);
    waiting.send(`POST /containers/${id}/wait HTTP/1.1\r\nHost: x\r\n\r\n`);
    await waiting.head();
    await engine.stop();
    assert.equal(engine.server.ended, 0, engine.server.output());
    await Promise.all([events.rest(), attached.rest(), waiting.rest()]);
    assert.deepEqual(
      (await readdir(engine.folder)).filter((name) => name.includes('sock')),
      [],
    );
    await engine.restart();
    const { State } = (await api(engine, { path: `/containers/${id}/json` })).json<{
      State: { Running: boolean };
    }>();
    assert.equal(State.Running, true);
    await remove(engine, id);
  },
};
