import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readRuntimeState } from './runtime-state.ts';

function stateRoot(t: TestContext, file: string, content: unknown): string {
  const root = mkdtempSync(join(tmpdir(), 'berth-state-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'c1'));
  writeFileSync(join(root, 'c1', file), typeof content === 'string' ? content : JSON.stringify(content));
  return root;
}

const RUNC = {
  id: 'c1',
  init_process_pid: 4711,
  // Texts of the user come before and behind, and may say anything.
  config: {
    labels: ['x="cgroup_paths":{"memory":"/evil"}', '"init_process_pid":1'],
    namespaces: [
      { type: 'NEWNS', path: '' },
      { type: 'NEWPID', path: '' },
    ],
  },
  cgroup_paths: { memory: '/sys/fs/cgroup/memory/berth/c1', pids: '/sys/fs/cgroup/pids/berth/c1', rdma: '' },
  namespace_paths: { NEWPID: '/proc/4711/ns/pid' },
};

test('the state of runc: pid, cgroups, whether it has a process namespace of its own', (t) => {
  assert.deepEqual(readRuntimeState(stateRoot(t, 'state.json', RUNC), 'c1'), {
    pid: 4711,
    cgroupFolders: ['/sys/fs/cgroup/memory/berth/c1', '/sys/fs/cgroup/pids/berth/c1'],
    memoryFolder: '/sys/fs/cgroup/memory/berth/c1',
    hasPidNamespace: true,
  });
});

test('on cgroup2 alone there is one folder; a joined process namespace is not its own', (t) => {
  const state = {
    ...RUNC,
    cgroup_paths: { '': '/sys/fs/cgroup/berth/c1' },
    config: { namespaces: [{ type: 'NEWPID', path: '/proc/1/ns/pid' }] },
  };
  assert.deepEqual(readRuntimeState(stateRoot(t, 'state.json', state), 'c1'), {
    pid: 4711,
    cgroupFolders: ['/sys/fs/cgroup/berth/c1'],
    memoryFolder: '/sys/fs/cgroup/berth/c1',
    hasPidNamespace: false,
  });
});

test('what is cut off, empty or not there is not known', (t) => {
  const text = JSON.stringify(RUNC);
  for (const cut of [
    '',
    '{',
    text.slice(0, 60),
    text.slice(0, text.indexOf('"cgroup_paths":{"memory":"/sys') + 20),
  ])
    assert.equal(readRuntimeState(stateRoot(t, 'state.json', cut), 'c1'), undefined);
  assert.equal(readRuntimeState(stateRoot(t, 'other', ''), 'c1'), undefined);
  assert.equal(readRuntimeState('/nonexistent', 'c1'), undefined);
});
