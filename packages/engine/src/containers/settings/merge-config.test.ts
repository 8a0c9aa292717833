import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commandLine, mergeConfig } from './merge-config.ts';

const image = {
  User: 'app',
  Env: ['PATH=/bin', 'A=image', 'B=image'],
  Entrypoint: ['/entry'],
  Cmd: ['image-cmd'],
  WorkingDir: '/srv',
  Labels: { a: 'image', b: 'image' },
  ExposedPorts: { '80/tcp': {} },
  Volumes: { '/data': {} },
  StopSignal: 'SIGINT',
};

describe('mergeConfig()', () => {
  const cases: [name: string, request: object, expected: readonly string[]][] = [
    ['nothing asked: the image runs', {}, ['/entry', 'image-cmd']],
    ['a command replaces the command alone', { Cmd: ['mine'] }, ['/entry', 'mine']],
    ['an entrypoint drops the image command', { Entrypoint: ['/other'] }, ['/other']],
    ['both are taken as they are', { Entrypoint: ['/other'], Cmd: ['mine'] }, ['/other', 'mine']],
    ['an empty entrypoint with a command runs the command', { Entrypoint: [''], Cmd: ['mine'] }, ['mine']],
    ['null and [] are not set', { Entrypoint: null, Cmd: [] }, ['/entry', 'image-cmd']],
  ];
  for (const [name, request, expected] of cases) {
    test(name, () => {
      assert.deepEqual(commandLine(mergeConfig({ Image: 'x', ...request }, image)), expected);
    });
  }

  test('an empty entrypoint without a command leaves nothing to run', () => {
    assert.throws(() => mergeConfig({ Image: 'x', Entrypoint: [''] }, image), {
      code: 'CONFIG_REFUSED',
      message: 'no command specified',
    });
    assert.throws(() => mergeConfig({ Image: 'x' }, {}), { message: 'no command specified' });
  });

  test('environment merges by name, the caller first; a name alone stays to take one away', () => {
    const { Env } = mergeConfig({ Image: 'x', Env: ['B=mine', 'C=mine', 'A'] }, image);
    assert.deepEqual(Env, ['B=mine', 'C=mine', 'A', 'PATH=/bin']);
  });

  test('labels, ports and volumes add up; the rest is the caller’s or the image’s', () => {
    const merged = mergeConfig(
      {
        Image: 'x',
        Labels: { b: 'mine' },
        ExposedPorts: { '90/udp': {} },
        Volumes: { '/more': {} },
        User: '7',
      },
      image,
    );
    assert.deepEqual(merged.Labels, { a: 'image', b: 'mine' });
    assert.deepEqual(Object.keys(merged.ExposedPorts ?? {}).sort(), ['80/tcp', '90/udp']);
    assert.deepEqual(Object.keys(merged.Volumes ?? {}).sort(), ['/data', '/more']);
    assert.deepEqual([merged.User, merged.WorkingDir, merged.StopSignal], ['7', '/srv', 'SIGINT']);
  });

  test('host and network settings are no part of a config', () => {
    const merged = mergeConfig({ Image: 'x', HostConfig: { Memory: 1 }, NetworkingConfig: {} }, image);
    assert.equal('HostConfig' in merged || 'NetworkingConfig' in merged, false);
  });

  test('a health check of an image is kept, and refused by nobody', () => {
    const Healthcheck = { Test: ['CMD', 'true'] };
    assert.deepEqual(mergeConfig({ Image: 'x' }, { ...image, Healthcheck }).Healthcheck, Healthcheck);
  });
});
