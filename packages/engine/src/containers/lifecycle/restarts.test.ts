import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Container } from '../container.ts';
import { type ContainerSettings, FIRST_STATE } from '../model.ts';
import type { RestartPolicy } from '../settings/restart-policy.ts';
import { restartDelayMs, shouldRestart } from './restarts.ts';

function container(policy: Partial<RestartPolicy>, state: object = {}): Container {
  const hostConfig = { RestartPolicy: { Name: 'no', MaximumRetryCount: 0, ...policy } };
  const settings = { config: { Image: 'x' }, hostConfig, mounts: [] } as unknown as ContainerSettings;
  const id = 'a'.repeat(64);
  return new Container({
    id,
    name: 'x',
    createdAt: new Date(),
    settings,
    state: { ...FIRST_STATE, ...state },
  });
}

test('restartDelayMs() doubles from 100 ms to a minute', () => {
  assert.deepEqual([0, 1, 2, 9, 10, 1000].map(restartDelayMs), [100, 200, 400, 51_200, 60_000, 60_000]);
});

test('shouldRestart() after an exit', () => {
  const exit = { isStart: false };
  for (const [policy, state, expected] of [
    [{ Name: 'no' }, { exitCode: 1 }, false],
    [{ Name: 'always' }, { exitCode: 0 }, true],
    [{ Name: 'unless-stopped' }, { exitCode: 0 }, true],
    [{ Name: 'unless-stopped' }, { isManuallyStopped: true }, false],
    [{ Name: 'on-failure' }, { exitCode: 0 }, false],
    [{ Name: 'on-failure' }, { exitCode: 1, restartCount: 99 }, true],
    [{ Name: 'on-failure', MaximumRetryCount: 3 }, { exitCode: 1, restartCount: 2 }, true],
    [{ Name: 'on-failure', MaximumRetryCount: 3 }, { exitCode: 1, restartCount: 3 }, false],
  ] as const) {
    assert.equal(shouldRestart(container(policy, state), exit), expected, JSON.stringify([policy, state]));
  }
});

test('shouldRestart() after a stop by hand says no, whatever the policy', () => {
  const one = container({ Name: 'always' });
  one.endsOnNextExit = true;
  assert.equal(shouldRestart(one, { isStart: false }), false);
});

test('shouldRestart() when the engine starts', () => {
  const start = { isStart: true };
  const stopped = { isManuallyStopped: true, exitCode: 137 };
  assert.equal(shouldRestart(container({ Name: 'always' }, stopped), start), true);
  assert.equal(shouldRestart(container({ Name: 'unless-stopped' }, stopped), start), false);
  assert.equal(shouldRestart(container({ Name: 'on-failure' }, { exitCode: 1 }), start), false);
});
