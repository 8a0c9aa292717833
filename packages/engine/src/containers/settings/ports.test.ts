import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exposedPorts, portRequests } from './ports.ts';

describe('portRequests()', () => {
  test('one per binding, with address, port or range', () => {
    const PortBindings = {
      '80/tcp': [
        { HostIp: '127.0.0.1', HostPort: '8080' },
        { HostIp: '::1', HostPort: '8080' },
      ],
      '53/udp': [{ HostIp: '', HostPort: '' }],
      '90': [{ HostPort: '9000-9010' }],
    };
    assert.deepEqual(portRequests({}, { PortBindings }), [
      { containerPort: 90, protocol: 'tcp', hostPort: [9000, 9010] },
      { containerPort: 80, protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080 },
      { containerPort: 80, protocol: 'tcp', hostAddress: '::1', hostPort: 8080 },
      { containerPort: 53, protocol: 'udp' },
    ]);
  });

  test('-P publishes what is exposed and not bound', () => {
    const ExposedPorts = { '80/tcp': {}, '81/tcp': {} };
    const PortBindings = { '80/tcp': [{ HostPort: '8080' }] };
    assert.deepEqual(portRequests({ ExposedPorts }, { PortBindings, PublishAllPorts: true }), [
      { containerPort: 80, protocol: 'tcp', hostPort: 8080 },
      { containerPort: 81, protocol: 'tcp' },
    ]);
  });
});

test('exposedPorts() spells ranges out, in order', () => {
  assert.deepEqual(exposedPorts({ ExposedPorts: { '8001-8002/udp': {}, '80': {} } }), [
    '80/tcp',
    '8001/udp',
    '8002/udp',
  ]);
  assert.throws(() => exposedPorts({ ExposedPorts: { '9-8/tcp': {} } }), { code: 'CONFIG_REFUSED' });
});
