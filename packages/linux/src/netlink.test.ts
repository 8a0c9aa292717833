import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  createNetworkNamespace,
  NETLINK_ROUTE,
  type NetlinkRequest,
  type NetlinkResult,
  NetlinkSocket,
  NLM_F_ACK,
  NLM_F_DUMP,
  removeNetworkNamespace,
} from './index.ts';

const RTM_GETLINK = 18;
const RTM_GETADDR = 22;
const ENODEV = 19;

/** `struct ifinfomsg` with an index. */
function getLink(index: number): NetlinkRequest {
  const payload = Buffer.alloc(16);
  payload.writeInt32LE(index, 4);
  return { type: RTM_GETLINK, flags: NLM_F_ACK, payload };
}

const LIST_LINKS: NetlinkRequest = { type: RTM_GETLINK, flags: NLM_F_DUMP, payload: Buffer.alloc(16) };
const LIST_ADDRESSES: NetlinkRequest = { type: RTM_GETADDR, flags: NLM_F_DUMP, payload: Buffer.alloc(8) };

function indexes(result: NetlinkResult | undefined): readonly number[] {
  return (result?.replies ?? []).map((reply) => reply.payload.readInt32LE(4));
}

test('exchange() gives each request its own answers, errors as values', async () => {
  using socket = NetlinkSocket.open(NETLINK_ROUTE);
  const [lo, nobody, loAgain] = await socket.exchange([getLink(1), getLink(0x7ffffff0), getLink(1)]);
  assert.deepEqual(indexes(lo), [1]);
  assert.deepEqual([nobody?.errno, nobody?.replies.length], [ENODEV, 0]);
  assert.deepEqual(indexes(loAgain), [1]);
  assert.deepEqual(await socket.exchange([]), []);
});

test('exchange() reads a list to its end', async () => {
  using socket = NetlinkSocket.open(NETLINK_ROUTE);
  const [links] = await socket.exchange([LIST_LINKS]);
  const [addresses] = socket.exchangeNow([LIST_ADDRESSES]);
  assert.ok(indexes(links).includes(1), 'loopback');
  const known = Object.values(networkInterfaces()).flat().length;
  assert.ok((addresses?.replies.length ?? 0) >= known, `${addresses?.replies.length} of ${known} addresses`);
});

test('a question on this thread does not take the answers of one that is under way', async () => {
  using socket = NetlinkSocket.open(NETLINK_ROUTE);
  const waiting = Array.from({ length: 50 }, () => socket.exchange([getLink(1), getLink(0x7ffffff0)]));
  for (let round = 0; round < 200; round++) {
    assert.deepEqual(indexes(socket.exchangeNow([getLink(1)])[0]), [1]);
    if (round % 20 === 0) await new Promise((done) => setImmediate(done));
  }
  for (const [lo, nobody] of await Promise.all(waiting)) {
    assert.deepEqual([indexes(lo), nobody?.errno], [[1], ENODEV]);
  }
});

test('exchange() after an abort sends nothing, after closing it throws', async () => {
  const socket = NetlinkSocket.open(NETLINK_ROUTE);
  await assert.rejects(socket.exchange([getLink(1)], { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
  assert.deepEqual(indexes((await socket.exchange([getLink(1)]))[0]), [1]);
  socket[Symbol.dispose]();
  socket[Symbol.dispose]();
  await assert.rejects(socket.exchange([getLink(1)]), /after it was closed/);
});

test('open() with a path speaks of that namespace, also when the thread is home again', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('network namespaces need root');
  const folder = await mkdtemp(join(tmpdir(), 'berth-netlink-'));
  const namespacePath = join(folder, 'net');
  t.after(async () => {
    removeNetworkNamespace(namespacePath);
    await rm(folder, { recursive: true, force: true });
  });
  await createNetworkNamespace(namespacePath);
  using there = NetlinkSocket.open(NETLINK_ROUTE, { namespacePath });
  using here = NetlinkSocket.open(NETLINK_ROUTE);
  const [inside] = await there.exchange([LIST_LINKS]);
  const [outside] = await here.exchange([LIST_LINKS]);
  assert.deepEqual(indexes(inside), [1]);
  const own = Object.keys(networkInterfaces()).length;
  assert.ok(indexes(outside).length >= own);
});
