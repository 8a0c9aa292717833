import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Descriptor, type Digest, digestBytes } from '@berth/oci';
import { type RandomImage, randomImage, seededBytes } from '@berth/oci/testing';
import { type CopyEvent, copyImage, openLayout, openRemote, type RetryPolicy } from '@berth/transfer';
import { sourceOf, startFlakyProxy } from '@berth/transfer/testsuite';
import { close, listen, startRegistryServer } from './registry-server.ts';

const MIB = 1024 * 1024;
const quick: Partial<RetryPolicy> = { baseDelayMs: 30, maxDelayMs: 100 };
/** Requests, headers and what a cut leaves in the buffers of sockets; sending all again would be 18 MiB and more. */
const SLACK = 8 * MIB;

function bigImage(seed: string): Promise<RandomImage> {
  return randomImage({ seed, layers: 1, filesPerLayer: 1, sizeBytes: 24 * MIB, compression: 'none' });
}

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'berth-resume-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function assertThere(host: string, repository: string, image: RandomImage): Promise<void> {
  await using remote = await openRemote({ registry: host, repository });
  assert.equal((await remote.resolve('v')).digest, image.descriptor.digest);
  for (const layer of image.layers) {
    let size = 0;
    for await (const chunk of remote.blob(layer)) size += chunk.length;
    assert.equal(size, layer.size);
  }
}

test('a push goes on where it was cut, several times', async () => {
  await using server = await startRegistryServer();
  await using proxy = await startFlakyProxy(server.host);
  const image = await bigImage('push cut');
  proxy.cutAfter([{ up: 5 * MIB }, { up: 6 * MIB }, { up: 7 * MIB }]);
  const events: CopyEvent[] = [];
  await using sink = await openRemote({
    registry: proxy.host,
    repository: 'team/app',
    access: 'push',
    retry: quick,
  });
  await copyImage(sourceOf({ v: image }), sink, { tags: ['v'], onEvent: (event) => events.push(event) });
  assert.equal(proxy.cuts, 3);
  assert.ok(proxy.bytesUp < 24 * MIB + SLACK, `sent ${proxy.bytesUp} bytes for ${24 * MIB}`);
  assert.equal(events.filter(({ type }) => type === 'retry').length, 3);
  await assertThere(server.host, 'team/app', image);
});

test('a pull goes on where it was cut, several times', async () => {
  await using server = await startRegistryServer();
  await using proxy = await startFlakyProxy(server.host);
  await using folder = await temporary();
  const image = await bigImage('pull cut');
  {
    await using sink = await openRemote({ registry: server.host, repository: 'team/app', access: 'push' });
    await copyImage(sourceOf({ v: image }), sink, { tags: ['v'] });
  }
  proxy.cutAfter([{ down: 5 * MIB }, { down: 6 * MIB }, { down: 7 * MIB }]);
  await using source = await openRemote({ registry: proxy.host, repository: 'team/app', retry: quick });
  await using layout = openLayout({ path: folder.path });
  const { descriptor } = await copyImage(source, layout, { reference: 'v', tags: ['v'] });
  assert.equal(descriptor.digest, image.descriptor.digest);
  assert.equal(proxy.cuts, 3);
  assert.ok(proxy.bytesDown < 24 * MIB + SLACK, `got ${proxy.bytesDown} bytes for ${24 * MIB}`);
});

test('a copy from registry to registry survives cuts on both sides', async () => {
  await using from = await startRegistryServer();
  await using to = await startRegistryServer();
  await using down = await startFlakyProxy(from.host);
  await using up = await startFlakyProxy(to.host);
  const image = await bigImage('both cut');
  {
    await using sink = await openRemote({ registry: from.host, repository: 'team/app', access: 'push' });
    await copyImage(sourceOf({ v: image }), sink, { tags: ['v'] });
  }
  down.cutAfter([{ down: 3 * MIB }, { down: 9 * MIB }]);
  up.cutAfter([{ up: 6 * MIB }, { up: 6 * MIB }]);
  await using source = await openRemote({ registry: down.host, repository: 'team/app', retry: quick });
  await using sink = await openRemote({
    registry: up.host,
    repository: 'other/app',
    access: 'push',
    retry: quick,
  });
  await copyImage(source, sink, { reference: 'v', tags: ['v'] });
  assert.deepEqual([down.cuts, up.cuts], [2, 2]);
  await assertThere(to.host, 'other/app', image);
});

test('a push goes on when the registry was started again in between', async () => {
  await using server = await startRegistryServer();
  await using proxy = await startFlakyProxy(server.host);
  const image = await bigImage('restart');
  proxy.cutAfter([{ up: 10 * MIB }]);
  await using sink = await openRemote({
    registry: proxy.host,
    repository: 'team/app',
    access: 'push',
    retry: { attempts: 40, baseDelayMs: 20, maxDelayMs: 100 },
  });
  let restarted: Promise<void> | undefined;
  await copyImage(sourceOf({ v: image }), sink, {
    tags: ['v'],
    onEvent: ({ type }) => {
      if (type === 'retry') restarted ??= server.stop().then(() => server.start());
    },
  });
  await restarted;
  assert.ok(restarted !== undefined);
  const requests = server.access.map(({ method, path }) => `${method} ${path.split('?')[0]}`);
  const begun = requests.filter((line) => line === 'POST /v2/team/app/blobs/uploads/').length;
  assert.equal(begun, 2, 'one upload for the layer, one for the config');
  await assertThere(server.host, 'team/app', image);
});

test('a push begins again when the registry forgot the upload', async () => {
  await using server = await startRegistryServer();
  await using proxy = await startFlakyProxy(server.host);
  await using state = await temporary();
  const image = await bigImage('forgotten');
  proxy.cutAfter([{ up: 10 * MIB }]);
  const place = {
    registry: proxy.host,
    repository: 'team/app',
    access: 'push',
    journalFolder: state.path,
  } as const;
  {
    await using sink = await openRemote({ ...place, retry: { attempts: 1 } });
    await assert.rejects(copyImage(sourceOf({ v: image }), sink, { tags: ['v'] }), {
      code: 'REGISTRY_UNREACHABLE',
    });
  }
  await forgetUploads(state.path, server.host);
  await using sink = await openRemote({ ...place, retry: quick });
  await copyImage(sourceOf({ v: image }), sink, { tags: ['v'] });
  assert.ok(proxy.bytesUp > 30 * MIB, 'the first part was sent twice');
  await assertThere(server.host, 'team/app', image);
  assert.deepEqual(await readdir(state.path), [], 'the journal is empty at the end');
});

/** Waits until the registry has seen that the line was cut. */
async function forgetUploads(journal: string, host: string): Promise<void> {
  const names = await readdir(journal);
  assert.equal(names.length, 1);
  for (const name of names) {
    const { location } = JSON.parse(await readFile(join(journal, name), 'utf8')) as { location: string };
    const { pathname, search } = new URL(location);
    let status = 409;
    while (status === 409) {
      status = (await fetch(`http://${host}${pathname}${search}`, { method: 'DELETE' })).status;
      if (status === 409) await sleep(20);
    }
    assert.equal(status, 204);
  }
}

test('a push goes on after its process was killed', async () => {
  await using server = await startRegistryServer();
  await using proxy = await startFlakyProxy(server.host);
  await using state = await temporary();
  const image = await bigImage('killed');
  const place = {
    registry: proxy.host,
    repository: 'team/app',
    access: 'push',
    journalFolder: state.path,
  } as const;
  await runUntilKilled(['push', 'killed', JSON.stringify(place)]);
  assert.ok(proxy.bytesUp > 4 * MIB, 'the first process sent a part');
  const before = proxy.bytesUp;
  await using sink = await openRemote({ ...place, retry: quick });
  await copyImage(sourceOf({ v: image }), sink, { tags: ['v'] });
  assert.ok(
    proxy.bytesUp < 24 * MIB + SLACK,
    `sent ${before} and then ${proxy.bytesUp - before} of ${24 * MIB}`,
  );
  await assertThere(server.host, 'team/app', image);
  assert.deepEqual(await readdir(state.path), []);
});

test('a pull into a layout goes on after its process was killed', async () => {
  await using server = await startRegistryServer();
  await using proxy = await startFlakyProxy(server.host);
  await using folder = await temporary();
  const image = await bigImage('pull killed');
  {
    await using sink = await openRemote({ registry: server.host, repository: 'team/app', access: 'push' });
    await copyImage(sourceOf({ v: image }), sink, { tags: ['v'] });
  }
  const path = join(folder.path, 'image');
  await runUntilKilled(['pull', path, JSON.stringify({ registry: proxy.host, repository: 'team/app' })]);
  assert.ok(proxy.bytesDown > 4 * MIB);
  assert.ok(!(await readdir(path)).includes('index.json'), 'no half layout can be seen');
  await using source = await openRemote({ registry: proxy.host, repository: 'team/app', retry: quick });
  await using layout = openLayout({ path });
  const before = proxy.bytesDown;
  await copyImage(source, layout, { reference: 'v', tags: ['v'] });
  assert.ok(
    proxy.bytesDown - before < 20 * MIB,
    `got ${before} and then ${proxy.bytesDown - before} of ${24 * MIB}`,
  );
  assert.deepEqual((await readdir(path)).sort(), ['blobs', 'index.json', 'oci-layout']);
});

/** Runs the child until it says that a good part is done, then kill -9. */
async function runUntilKilled(args: readonly string[]): Promise<void> {
  const script = new URL('./copy-child.ts', import.meta.url).pathname;
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  child.stdout?.once('data', () => child.kill('SIGKILL'));
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL', 'the child was killed before it was done');
}

test('blob() reads from the start where a server ignores Range', async () => {
  const bytes = seededBytes('no ranges', 6 * MIB);
  let requests = 0;
  const server = createServer((req, res) => {
    if (req.url === '/v2/') return res.writeHead(200).end();
    requests += 1;
    res.writeHead(200, { 'content-length': bytes.length });
    if (requests > 2) return res.end(bytes);
    return res.write(bytes.subarray(0, requests * 2 * MIB), () => res.destroy());
  });
  await listen(server);
  try {
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using remote = await openRemote({ registry: host, repository: 'a/b', retry: quick });
    const descriptor: Descriptor = {
      mediaType: 'application/x',
      digest: digestBytes(bytes) as Digest,
      size: bytes.length,
    };
    let size = 0;
    for await (const chunk of remote.blob(descriptor)) size += chunk.length;
    assert.equal(size, bytes.length);
    assert.equal(requests, 3);
  } finally {
    await close(server);
  }
});

test('a line that never moves is given up with words', async () => {
  const server = createServer((req, res) => {
    if (req.url === '/v2/') res.writeHead(200).end();
    else res.destroy();
  });
  await listen(server);
  try {
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using remote = await openRemote({
      registry: host,
      repository: 'a/b',
      retry: { ...quick, attempts: 3 },
    });
    await assert.rejects(remote.resolve('v'), {
      code: 'REGISTRY_UNREACHABLE',
      message: new RegExp(`^Cannot reach "${host}"`),
    });
  } finally {
    await close(server);
  }
});
