import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chainID, chainIDs } from './chain-id.ts';
import { type DiffID, digestBytes } from './digest.ts';
import { parseImageConfig } from './image-config.ts';

const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const diffIDs = ['a', 'b', 'c'].map((text) => digestBytes(text) as DiffID);
const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: diffIDs } };

test("parseImageConfig() keeps all fields, Docker's own too, and drops what is null", () => {
  const whole = {
    ...config,
    variant: 'v3',
    'os.version': '1',
    'os.features': ['x'],
    created: '2024-01-01T00:00:00Z',
    author: 'me',
    docker_version: '27.0',
    container_config: { Hostname: 'x' },
    config: {
      User: '0',
      Env: ['A=b'],
      Cmd: ['sh'],
      ExposedPorts: { '80/tcp': {} },
      Labels: { a: 'b' },
      ArgsEscaped: true,
      Unheard: [1],
    },
    history: [
      { created_by: 'x', empty_layer: true },
      { created: '2024-01-01T00:00:00Z', comment: 'c', author: 'a' },
    ],
  };
  assert.deepEqual(parseImageConfig(bytes(whole)), whole);
  const nulls = {
    ...config,
    config: { Entrypoint: null, Cmd: ['x'], Volumes: null },
    history: null,
    container_config: null,
    author: null,
  };
  assert.deepEqual(parseImageConfig(bytes(nulls)), { ...config, config: { Cmd: ['x'] } });
  assert.deepEqual(
    parseImageConfig(bytes({ ...config, rootfs: { type: 'layers', diff_ids: null } })).rootfs.diff_ids,
    [],
  );
});

test('parseImageConfig() takes the single string of old images as a list of one', () => {
  const old = { ...config, config: { Entrypoint: '/bin/sh', Cmd: ['-l'] } };
  assert.deepEqual(parseImageConfig(bytes(old)).config, { Entrypoint: ['/bin/sh'], Cmd: ['-l'] });
});

test('parseImageConfig() names the field that is wrong', () => {
  const cases: [unknown, RegExp][] = [
    ['{}', /"architecture": expected a string/],
    [{ ...config, os: 1 }, /"os"/],
    [{ ...config, rootfs: { type: 'dir', diff_ids: [] } }, /"rootfs.type": expected "layers", got "dir"/],
    [
      { ...config, rootfs: { type: 'layers', diff_ids: ['x'] } },
      /"rootfs.diff_ids\[0\]": expected a digest, got "x"/,
    ],
    [{ ...config, config: { Env: 'A=b' } }, /"config.Env": expected a list/],
    [{ ...config, config: { Cmd: [1] } }, /"config.Cmd\[0\]"/],
    [{ ...config, config: { Labels: { a: 1 } } }, /"config.Labels.a"/],
    [{ ...config, history: [{ empty_layer: 'yes' }] }, /"history\[0\].empty_layer": expected true or false/],
    ['{"a":1,"a":2}', /twice/],
    [`${'['.repeat(100)}`, /nested/],
    ['not json', /not JSON/],
  ];
  for (const [value, message] of cases) {
    assert.throws(
      () => parseImageConfig(bytes(value)),
      { name: 'OciError', code: 'CONFIG_INVALID', message },
      String(message),
    );
  }
});

test('parseImageConfig() takes prototype keys as plain keys', () => {
  const parsed = parseImageConfig(
    bytes(
      JSON.stringify(config).replace(
        /}$/,
        ',"__proto__":{"author":"mallory"},"config":{"Labels":{"__proto__":"x"}}}',
      ),
    ),
  );
  assert.equal(parsed.author, undefined);
  assert.equal(Object.getPrototypeOf(parsed), Object.prototype);
  assert.deepEqual(Object.keys(parsed.config?.Labels ?? {}), ['__proto__']);
});

test('chainIDs() follow the formula of the specification', () => {
  const [a, b, c] = diffIDs as [DiffID, DiffID, DiffID];
  const ab = digestBytes(`${a} ${b}`);
  assert.deepEqual(chainIDs(diffIDs), [a, ab, digestBytes(`${ab} ${c}`)]);
  assert.equal(chainID(diffIDs), digestBytes(`${ab} ${c}`));
  assert.equal(chainID([]), undefined);
});
