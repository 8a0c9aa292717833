import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressPool } from './address-pool.ts';
import { chooseSubnet, SUBNET_CANDIDATES } from './choose-subnet.ts';
import { formatMac, formatSubnet, macOfIpv4, overlaps, parseMac, parseSubnet } from './ipv4.ts';

test('parseSubnet() gives the network of an address inside it, and refuses what is none', () => {
  assert.equal(formatSubnet(parseSubnet('172.20.9.7/16')), '172.20.0.0/16');
  assert.equal(formatSubnet(parseSubnet('255.255.255.252/30')), '255.255.255.252/30');
  for (const bad of [
    '172.20.0.0',
    '172.20.0.0/31',
    '172.20.0.0/7',
    '300.1.1.1/16',
    'fd00::/64',
    '1.2.3.4/16/1',
    '1.2.3.4/-1',
    '',
  ]) {
    assert.throws(() => parseSubnet(bad), { code: 'ADDRESS_INVALID' }, bad);
  }
});

test('overlaps() sees the smaller in the larger, either way round', () => {
  const [wide, narrow, next] = [
    parseSubnet('172.16.0.0/12'),
    parseSubnet('172.31.255.0/24'),
    parseSubnet('172.32.0.0/16'),
  ];
  assert.ok(overlaps(wide, narrow) && overlaps(narrow, wide));
  assert.ok(!overlaps(wide, next) && !overlaps(next, narrow));
});

test('macOfIpv4() is the MAC that Docker gives, parseMac() takes single interfaces only', () => {
  assert.equal(macOfIpv4('172.17.0.2'), '02:42:ac:11:00:02');
  assert.equal(formatMac(parseMac('02-42-AC-11-00-FF')), '02:42:ac:11:00:ff');
  for (const bad of [
    '01:00:5e:00:00:01',
    'ff:ff:ff:ff:ff:ff',
    '00:00:00:00:00:00',
    '02:42:ac:11:00',
    '02:42:ac:11:00:gg',
    '',
  ]) {
    assert.throws(() => parseMac(bad), { code: 'ADDRESS_INVALID' }, bad);
  }
});

test('chooseSubnet() begins with 172.17.0.0/16, keeps what it had, and goes around routes', () => {
  assert.equal(formatSubnet(chooseSubnet([])), '172.17.0.0/16');
  const preferred = parseSubnet('172.25.0.0/16');
  assert.equal(formatSubnet(chooseSubnet([], { preferred })), '172.25.0.0/16');
  assert.equal(formatSubnet(chooseSubnet([parseSubnet('172.25.3.0/24')], { preferred })), '172.17.0.0/16');
  assert.equal(formatSubnet(chooseSubnet([parseSubnet('172.16.0.0/12')])), '192.168.0.0/20');
  assert.throws(() => chooseSubnet(SUBNET_CANDIDATES), { code: 'SUBNETS_EXHAUSTED' });
});

test('AddressPool gives every address but network, gateway and broadcast, and a freed one last', () => {
  const pool = new AddressPool(parseSubnet('10.0.0.248/29'));
  assert.deepEqual([pool.gateway, pool.broadcast], ['10.0.0.249', '10.0.0.255']);
  const all = Array.from({ length: 5 }, () => pool.take());
  assert.deepEqual(all, ['10.0.0.250', '10.0.0.251', '10.0.0.252', '10.0.0.253', '10.0.0.254']);
  assert.throws(() => pool.take(), { code: 'ADDRESSES_EXHAUSTED' });
  pool.release('10.0.0.254');
  pool.release('10.0.0.251');
  pool.release('10.0.0.251');
  assert.deepEqual([pool.take(), pool.take()], ['10.0.0.251', '10.0.0.254']);
  assert.throws(() => pool.take(), { code: 'ADDRESSES_EXHAUSTED' });
});

test('AddressPool goes on after those of an earlier life', () => {
  const pool = new AddressPool(parseSubnet('172.17.0.0/16'));
  pool.claim('172.17.0.9');
  pool.claim('172.17.0.4');
  pool.claim('10.1.1.1');
  assert.equal(pool.take(), '172.17.0.10');
});
