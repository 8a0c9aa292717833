import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsText } from './hosts.ts';
import { containerResolvConf, machineResolvConf, parseResolvConf } from './resolv-conf.ts';

const NOTHING = { dns: [], dnsSearch: [], dnsOptions: [] } as const;
const STUB = '# systemd-resolved\nnameserver 127.0.0.53\noptions edns0 trust-ad\nsearch lan\n';

/** Lines that are no comments. */
function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('containerResolvConf() takes the servers behind 127.0.0.53', () => {
  const behindStub =
    'nameserver 192.0.2.53\nnameserver fe80::1%2\nnameserver 2001:db8::53\nsearch office.example\n';
  const text = containerResolvConf({ ...NOTHING, machine: STUB, behindStub });
  assert.deepEqual(lines(text), ['nameserver 192.0.2.53', 'search office.example']);
});

test('containerResolvConf() leaves a real server as it is, also when a stub lies there unused', () => {
  const machine =
    'nameserver 192.0.2.1\nnameserver 127.0.0.1\ndomain example.org\noptions ndots:2\noptions rotate\n';
  const text = containerResolvConf({ ...NOTHING, machine, behindStub: 'nameserver 192.0.2.99\n' });
  assert.deepEqual(lines(text), ['nameserver 192.0.2.1', 'search example.org', 'options ndots:2 rotate']);
});

test('containerResolvConf() says so when the machine names no server that a container can reach', () => {
  for (const machine of [
    '',
    'nameserver 127.0.0.1\n',
    'nameserver ::1\n',
    'nameserver 2001:db8::1\n',
    STUB,
  ]) {
    const text = containerResolvConf({ ...NOTHING, machine, behindStub: undefined });
    assert.deepEqual(lines(text).slice(0, 2), ['nameserver 8.8.8.8', 'nameserver 8.8.4.4'], machine);
    assert.match(text, /^# .*--dns sets another/m);
  }
});

test('what was asked for replaces the machine’s, and "." means no search', () => {
  const asked = { dns: ['9.9.9.9', '127.0.0.1'], dnsSearch: ['.'], dnsOptions: ['timeout:1'] };
  const text = containerResolvConf({ ...asked, machine: STUB, behindStub: undefined });
  assert.deepEqual(lines(text), ['nameserver 9.9.9.9', 'nameserver 127.0.0.1', 'options timeout:1']);
});

test('a hostile line in the machine’s file ends up in no directive', () => {
  const machine =
    'nameserver 192.0.2.1; rm\nnameserver not-an-address\nnameserver 192.0.2.2\n;search evil\n#nameserver 1.1.1.1\n';
  assert.deepEqual(parseResolvConf(machine).nameservers, ['192.0.2.1;', 'not-an-address', '192.0.2.2']);
  assert.deepEqual(lines(containerResolvConf({ ...NOTHING, machine, behindStub: undefined })), [
    'nameserver 192.0.2.2',
  ]);
});

test('what was asked for and cannot be used is refused, not left out', () => {
  const make = (asked: Partial<typeof NOTHING>) => () =>
    containerResolvConf({ ...NOTHING, ...asked, machine: STUB, behindStub: undefined });
  for (const dns of ['nowhere', '1.2.3.4\nnameserver 6.6.6.6', '']) {
    assert.throws(make({ dns: [dns] as never }), { code: 'ADDRESS_INVALID' }, dns);
  }
  assert.throws(make({ dnsSearch: ['a\nnameserver 6.6.6.6'] as never }), { code: 'NAME_INVALID' });
  assert.throws(make({ dnsOptions: ['a\nnameserver 6.6.6.6'] as never }), { code: 'NAME_INVALID' });
  assert.match(make({ dnsOptions: ['ndots:1 rotate'] as never })(), /^options ndots:1 rotate$/m);
});

test('machineResolvConf() keeps the file byte for byte unless something was asked for', () => {
  assert.equal(machineResolvConf({ ...NOTHING, machine: STUB, behindStub: undefined }), STUB);
  const text = machineResolvConf({ ...NOTHING, dnsSearch: ['here'], machine: STUB, behindStub: undefined });
  assert.deepEqual(lines(text), ['nameserver 127.0.0.53', 'search here', 'options edns0 trust-ad']);
});

const CONTAINER = {
  hostname: 'web',
  domainname: undefined,
  address: '172.17.0.2',
  extraHosts: [],
  hostGateway: '172.17.0.1',
} as const;

test('hostsText() is what Docker writes', () => {
  const text = hostsText({
    ...CONTAINER,
    domainname: 'example.org',
    extraHosts: ['db:10.0.0.5', 'machine:host-gateway', 'six=[2001:db8::1]', 'seven:2001:db8::2'],
  });
  assert.equal(
    text,
    [
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::\tip6-localnet',
      'ff00::\tip6-mcastprefix',
      'ff02::1\tip6-allnodes',
      'ff02::2\tip6-allrouters',
      '10.0.0.5\tdb',
      '172.17.0.1\tmachine',
      '2001:db8::1\tsix',
      '2001:db8::2\tseven',
      '172.17.0.2\tweb.example.org web',
      '',
    ].join('\n'),
  );
});

test('hostsText() without a network has no line of its own, with the machine’s begins with the machine’s', () => {
  assert.doesNotMatch(hostsText({ ...CONTAINER, address: undefined }), /web/);
  const machine = '127.0.0.1 localhost\n192.0.2.9 box';
  assert.equal(hostsText({ ...CONTAINER, machine, extraHosts: ['a:1.2.3.4'] }), `${machine}\n1.2.3.4\ta\n`);
});

test('hostsText() refuses a host name that would write a line of its own', () => {
  for (const hostname of ['web\n6.6.6.6 bank.example', 'web evil', '']) {
    assert.throws(() => hostsText({ ...CONTAINER, hostname }), { code: 'NAME_INVALID' }, hostname);
  }
});

test('hostsText() refuses an extra host that would write lines of its own', () => {
  for (const host of [
    'a',
    'a:',
    ':1.2.3.4',
    'a:1.2.3.4\n6.6.6.6 evil',
    'a b:1.2.3.4',
    'a\n6.6.6.6 b:1.2.3.4',
    'a:nowhere',
  ]) {
    assert.throws(() => hostsText({ ...CONTAINER, extraHosts: [host] }), { code: 'ADDRESS_INVALID' }, host);
  }
});
