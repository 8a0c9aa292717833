import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WrongTries } from './wrong-tries.ts';

const LIMITED = { code: 'TOO_MANY_TRIES' };

function tenTries(tries: WrongTries, name: string, address: string): void {
  for (let count = 0; count < 10; count += 1) tries.begin(name, address);
}

test('WrongTries refuses the eleventh try, for that name from that address, and says until when', () => {
  let now = 0;
  const tries = new WrongTries(() => now);
  tenTries(tries, 'alice', '192.0.2.1');
  assert.throws(() => tries.begin('alice', '192.0.2.1'), { ...LIMITED, detail: { retryAfterSeconds: 900 } });
  tries.begin('bob', '192.0.2.1');
  tries.begin('alice', '192.0.2.2');
  now = 15 * 60_000 - 500;
  assert.throws(() => tries.begin('alice', '192.0.2.1'), { ...LIMITED, detail: { retryAfterSeconds: 1 } });
  now = 15 * 60_000;
  tries.begin('alice', '192.0.2.1');
});

test('WrongTries forgives all after a right one, and takes back a try that was not judged', () => {
  const tries = new WrongTries(() => 0);
  tenTries(tries, 'alice', '::1');
  tries.forgive('alice', '::1');
  tenTries(tries, 'alice', '::1');
  tries.takeBack('alice', '::1');
  tries.begin('alice', '::1');
  assert.throws(() => tries.begin('alice', '::1'), LIMITED);
});

test('WrongTries counts an IPv6 network of 64 bits as one, however it is written', () => {
  const tries = new WrongTries(() => 0);
  tenTries(tries, 'alice', '2001:db8:0:1::1');
  assert.throws(() => tries.begin('alice', '2001:0DB8::1:ffff:0:0:2'), LIMITED);
  tries.begin('alice', '2001:db8:0:2::1');
  tenTries(tries, 'alice', '::ffff:192.0.2.1');
  tries.begin('alice', '::ffff:192.0.2.2');
});

test('WrongTries does not let one address go on with ever new names', () => {
  let now = 0;
  const tries = new WrongTries(() => now);
  tenTries(tries, 'alice', '192.0.2.1');
  for (let count = 0; count < 290; count += 1) tries.begin(`user${count}`, '192.0.2.1');
  assert.throws(() => tries.begin('bob', '192.0.2.1'), LIMITED);
  assert.throws(() => tries.begin('alice', '192.0.2.1'), LIMITED);
  tries.begin('bob', '192.0.2.2');
  now = 15 * 60_000;
  tries.begin('bob', '192.0.2.1');
});

test('WrongTries takes nothing from an address for right tries and for refused ones', () => {
  const tries = new WrongTries(() => 0);
  for (let count = 0; count < 1000; count += 1) {
    tries.begin('alice', '192.0.2.1');
    tries.forgive('alice', '192.0.2.1');
  }
  tenTries(tries, 'broken-build', '192.0.2.1');
  for (let count = 0; count < 1000; count += 1)
    assert.throws(() => tries.begin('broken-build', '192.0.2.1'), LIMITED);
  tries.begin('alice', '192.0.2.1');
});

test('WrongTries keeps a bounded number of entries', () => {
  const tries = new WrongTries(() => 0);
  tenTries(tries, 'alice', '192.0.2.1');
  for (let count = 0; count < 10_000; count += 1) tries.begin('alice', `10.0.${count >> 8}.${count & 255}`);
  tries.begin('alice', '192.0.2.1');
});
