import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMount } from './mount.ts';
import { addHost, device, restartPolicy, ulimit } from './option-values.ts';
import { publishedPorts } from './published-ports.ts';
import { GROUPS, VERBS } from './table.ts';

describe('publishedPorts()', () => {
  const bindings = (...given: string[]) => publishedPorts(given, []).bindings;

  it('reads every form', () => {
    assert.deepEqual(bindings('80'), { '80/tcp': [{ HostIp: '', HostPort: '' }] });
    assert.deepEqual(bindings('127.0.0.1:8080:80/UDP'), {
      '80/udp': [{ HostIp: '127.0.0.1', HostPort: '8080' }],
    });
    assert.deepEqual(bindings('[::1]::80'), { '80/tcp': [{ HostIp: '::1', HostPort: '' }] });
    assert.deepEqual(bindings('1000-1002:80'), { '80/tcp': [{ HostIp: '', HostPort: '1000-1002' }] });
    assert.deepEqual(Object.keys(bindings('9000-9001:80-81')), ['80/tcp', '81/tcp']);
    assert.deepEqual(bindings('target=80,published=8080,protocol=udp'), {
      '80/udp': [{ HostIp: '', HostPort: '8080' }],
    });
    assert.deepEqual(Object.keys(publishedPorts([], ['5-6/udp']).exposed), ['5/udp', '6/udp']);
  });

  it('refuses what is no port', () => {
    for (const given of ['abc', '70000', '80:', '1-3:80-81', 'x:1:2', '80/icmp', '2-1']) {
      assert.throws(() => bindings(given), /invalid|no port/, given);
    }
  });
});

describe('parseMount()', () => {
  it('reads fields, and quotes around commas', () => {
    assert.deepEqual(parseMount('type=bind,"source=/a,b",target=/c,ro,bind-propagation=rslave'), {
      Type: 'bind',
      Source: '/a,b',
      Target: '/c',
      ReadOnly: true,
      BindOptions: { Propagation: 'rslave' },
    });
    assert.deepEqual(parseMount('type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770').TmpfsOptions, {
      SizeBytes: 1048576,
      Mode: 0o1770,
    });
  });

  it('refuses in the words of docker', () => {
    assert.throws(() => parseMount('type=bind'), { message: 'target is required' });
    assert.throws(() => parseMount('foo'), { message: "invalid field 'foo' must be a key=value pair" });
    assert.throws(() => parseMount('target=/x,foo=1'), { message: "unexpected key 'foo' in 'foo=1'" });
    assert.throws(() => parseMount('target=/x,tmpfs-size=1m'), /cannot mix/);
    assert.throws(() => parseMount('"target=/x'), /quoted-field/);
  });
});

describe('values of run', () => {
  it('are read as docker reads them', () => {
    assert.deepEqual(ulimit('nofile=10:20'), { Name: 'nofile', Soft: 10, Hard: 20 });
    assert.deepEqual(ulimit('core=-1'), { Name: 'core', Soft: -1, Hard: -1 });
    assert.throws(() => ulimit('nofile=20:10'), /less than or equal/);
    assert.equal(addHost('db=::1'), 'db:::1');
    assert.deepEqual(device('/dev/a:rw').CgroupPermissions, 'rw');
    assert.deepEqual(restartPolicy('on-failure:3'), { Name: 'on-failure', MaximumRetryCount: 3 });
  });
});

describe('the table of verbs', () => {
  it('has files for all its names, and no two flags of one verb are alike', async () => {
    const loaders = [
      ...Object.entries(VERBS),
      ...Object.entries(GROUPS).flatMap(([group, { verbs }]) =>
        Object.entries(verbs).map(([name, load]) => [`${group} ${name}`, load] as const),
      ),
    ];
    for (const [name, load] of loaders) {
      const { flags, description } = await load();
      assert.ok(description !== '', name);
      const names = flags.flatMap((flag) => [flag.name, ...(flag.short === undefined ? [] : [flag.short])]);
      assert.equal(new Set(names).size, names.length, name);
    }
  });
});
