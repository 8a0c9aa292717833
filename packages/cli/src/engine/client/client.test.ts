import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SETTINGS } from '../../settings/schema.ts';
import { DEFAULT_SOCKET, engineAddress } from './engine-address.ts';
import { EngineClient } from './engine-client.ts';
import { FrameReader } from './frames.ts';
import { jsonLines } from './json-lines.ts';
import { ProgressDisplay } from './progress-display.ts';

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-client-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test('engineAddress() takes the flag, the variable, the file, DOCKER_HOST, the default, in this order', async (t) => {
  const cwd = await folderOf(t);
  const config = join(cwd, 'config.json');
  const empty = join(cwd, 'empty.json');
  await writeFile(config, '{"socket":"/from/file"}');
  await writeFile(empty, '{}');
  const env = { DOCKER_HOST: 'unix:///from/docker', HOME: cwd };
  assert.equal(
    await engineAddress({ env: { ...env, BERTH_SOCKET: '/b' }, cwd, socket: '/flag', config }),
    '/flag',
  );
  assert.equal(await engineAddress({ env: { ...env, BERTH_SOCKET: '/b' }, cwd, config }), '/b');
  assert.equal(await engineAddress({ env, cwd, config }), '/from/file');
  assert.equal(await engineAddress({ env, cwd, config: empty }), '/from/docker');
  assert.equal(await engineAddress({ env: { HOME: cwd }, cwd, config: empty }), DEFAULT_SOCKET);
  assert.equal(SETTINGS.find(({ key }) => key === 'socket')?.default, DEFAULT_SOCKET);
  await assert.rejects(engineAddress({ env: { ...env, DOCKER_HOST: 'tcp://x' }, cwd, config: empty }), {
    code: 'SETTING_INVALID',
  });
  await assert.rejects(engineAddress({ env, cwd, socket: 'relative' }), { code: 'SETTING_INVALID' });
});

test('FrameReader takes frames apart wherever the chunks end', () => {
  const frame = (stream: number, text: string) => {
    const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  const whole = Buffer.concat([frame(1, 'out'), frame(2, 'error'), frame(1, ''), frame(1, 'end')]);
  for (const size of [1, 2, 3, 7, 8, 9, whole.length]) {
    const reader = new FrameReader();
    const said = { stdout: '', stderr: '' };
    for (let at = 0; at < whole.length; at += size) {
      for (const { stream, bytes } of reader.read(whole.subarray(at, at + size)))
        said[stream] += Buffer.from(bytes);
    }
    assert.deepEqual(said, { stdout: 'outend', stderr: 'error' }, String(size));
  }
});

test('jsonLines() gives values wherever the chunks end, letters of several bytes too', async () => {
  const bytes = Buffer.from('{"a":"grüß"}\r\n\n{"b":2}');
  const chunks = (async function* () {
    for (const byte of bytes) yield Uint8Array.of(byte);
  })();
  assert.deepEqual(await Array.fromAsync(jsonLines(chunks)), [{ a: 'grüß' }, { b: 2 }]);
});

test('EngineClient gives the engine’s words, and says who is not there', async (t) => {
  const folder = await folderOf(t);
  const socket = join(folder, 's');
  const server = createServer((req, res) => {
    if (req.url === '/cut') res.socket?.destroy();
    else if (req.url === '/words') res.writeHead(409).end('{"message":"Conflict. Taken"}');
    else if (req.url === '/bare') res.writeHead(500).end('no JSON');
    else if (req.url === '/refuses')
      res.writeHead(400, { connection: 'close' }).end('{"message":"too much"}');
    else res.end(JSON.stringify({ url: req.url, method: req.method }));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => server.close());
  const api = new EngineClient(socket, { signal: new AbortController().signal });
  assert.deepEqual(
    await api.json({ path: '/x', query: { a: ['1', '2'], b: true, c: false, d: undefined } }),
    {
      url: '/x?a=1&a=2&b=1',
      method: 'GET',
    },
  );
  await assert.rejects(api.act({ path: '/words' }), {
    words: 'Error response from daemon: Conflict. Taken',
    status: 409,
  });
  await assert.rejects(api.text({ path: '/bare' }), { words: 'Error response from daemon: no JSON' });
  await assert.rejects(api.text({ path: '/cut' }), { code: 'ENGINE_GONE' });
  const endless = (async function* () {
    for (;;) yield Buffer.alloc(65536);
  })();
  await assert.rejects(api.act({ path: '/refuses', body: endless }), { status: 400, message: 'too much' });
  const nobody = new EngineClient(join(folder, 'none'), { signal: new AbortController().signal });
  await assert.rejects(nobody.text({ path: '/x' }), { code: 'ENGINE_NOT_RUNNING' });
});

test('ProgressDisplay writes over a layer’s line on a terminal, and a line per state elsewhere', () => {
  const lines = [
    { status: 'Pulling from x', id: 'latest' },
    { status: 'Downloading', id: 'aa', progress: '[=> ] 1B/2B', progressDetail: { current: 1, total: 2 } },
    { status: 'Pull complete', id: 'aa' },
    { status: 'Digest: \u001b[31mx' },
    { aux: {} },
  ];
  const shown = (isTTY: boolean) => {
    let text = '';
    const display = new ProgressDisplay({ isTTY, columns: 80, rows: 24, write: (piece) => (text += piece) });
    for (const line of lines) display.show(line);
    return text;
  };
  assert.equal(shown(false), 'latest: Pulling from x\naa: Pull complete\nDigest: \uFFFD[31mx\n');
  assert.ok(
    shown(true).includes('aa: Downloading [=> ] 1B/2B\n\u001b[1A\u001b[2K\raa: Pull complete\u001b[1B\r'),
  );
});
