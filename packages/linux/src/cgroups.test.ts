import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { cgroupControllers, cgroupMode, cgroupPathsOf, readMemoryEvents } from './index.ts';
import { scratchFolder, skipUnlessRoot } from './scratch.fixture.ts';

test('cgroupMode() and cgroupControllers() fit what is mounted', () => {
  const mode = cgroupMode();
  assert.equal(mode === 'unified', existsSync('/sys/fs/cgroup/cgroup.controllers'));
  if (mode === 'hybrid') assert.ok(existsSync('/sys/fs/cgroup/unified/cgroup.procs'));
  for (const name of cgroupControllers()) assert.match(name, /^[a-z_]+$/);
});

test('cgroupPathsOf() names folders that this process is in', (t) => {
  if (!existsSync('/sys/fs/cgroup/cgroup.procs') && !existsSync('/sys/fs/cgroup/pids')) {
    return t.skip('no cgroups are mounted');
  }
  const { unified, legacy } = cgroupPathsOf();
  const folders = [...Object.values(legacy), ...(unified === undefined ? [] : [unified])];
  assert.ok(folders.length > 0);
  for (const folder of folders) {
    const pids = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').map(Number);
    assert.ok(pids.includes(process.pid), folder);
  }
  assert.deepEqual(cgroupPathsOf(process.pid), cgroupPathsOf());
  assert.throws(() => cgroupPathsOf(2 ** 22 + 1), { code: 'ENOENT' });
});

test('readMemoryEvents() reads both forms, and nothing where there is no group', (t) => {
  const folder = scratchFolder(t);
  for (const [name, file, text] of [
    ['v2', 'memory.events', 'low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n'],
    ['v1', 'memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 5\n'],
    ['old', 'memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\n'],
  ] as const) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, file), text);
  }
  assert.deepEqual(readMemoryEvents(join(folder, 'v2')), { oomKills: 2 });
  assert.deepEqual(readMemoryEvents(join(folder, 'v1')), { oomKills: 5 });
  assert.equal(readMemoryEvents(join(folder, 'old')), undefined);
  assert.equal(readMemoryEvents(join(folder, 'nowhere')), undefined);
  assert.equal(readMemoryEvents(2 ** 22 + 1), undefined);
});

test('readMemoryEvents() counts a process that the kernel killed', async (t) => {
  if (skipUnlessRoot(t, 'it makes a cgroup')) return;
  if (!cgroupControllers().has('memory')) return t.skip('this kernel has no memory controller');
  const root = cgroupMode() === 'unified' ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory';
  const group = join(root, `berth-test-${process.pid}`);
  mkdirSync(group);
  t.after(() => rmdirSync(group));
  const limit = cgroupMode() === 'unified' ? 'memory.max' : 'memory.limit_in_bytes';
  writeFileSync(join(group, limit), String(16 << 20));
  if (existsSync(join(group, 'memory.swap.max'))) writeFileSync(join(group, 'memory.swap.max'), '0');
  assert.deepEqual(readMemoryEvents(group), { oomKills: 0 });
  const script = `echo $$ > ${group}/cgroup.procs; exec ${process.execPath} -e 'Buffer.alloc(200 << 20, 1)'`;
  const ended = await promisify(execFile)('sh', ['-c', script]).catch((error) => error);
  assert.equal(ended.signal, 'SIGKILL');
  assert.ok((readMemoryEvents(group)?.oomKills ?? 0) > 0);
});

test('moveToOwnCgroup() moves the process, and leaves it where that is not possible', async (t) => {
  if (skipUnlessRoot(t, 'it makes a cgroup')) return;
  const name = `berth-test-move-${process.pid}`;
  const script = `
    const { moveToOwnCgroup, cgroupPathsOf } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
    const moved = moveToOwnCgroup('${name}');
    console.log(JSON.stringify({ moved, paths: cgroupPathsOf() }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  const { moved, paths } = JSON.parse(stdout);
  t.after(() => {
    for (const folder of moved) rmdirSync(folder);
  });
  assert.ok(moved.length > 0);
  const folders = new Set([...Object.values(paths.legacy), paths.unified]);
  for (const folder of moved) assert.ok(folders.has(folder), folder);
});
