import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { linuxProbes, mountOverlay, type Probe, probeMount, remount } from './index.ts';
import { probeWhiteouts } from './probe-mount.ts';
import {
  countMounts,
  mountMemory,
  scratchFolder,
  skipUnlessRoot,
  skipUnlessUserNamespaces,
} from './scratch.fixture.ts';

const INDEX = JSON.stringify(new URL('./index.ts', import.meta.url).href);
const SCRIPT = `const { linuxProbes } = await import(${INDEX}); console.log(JSON.stringify(await linuxProbes()));`;
const ARGS = ['--input-type=module', '-e', SCRIPT];

function assertWords(probe: Probe): void {
  assert.notEqual(probe.evidence, '');
  if (probe.ok) return;
  for (const words of [probe.cause, probe.fix])
    assert.match(words, /^[^ ].*[^ .]$/, `${probe.name}: ${words}`);
}

test('as root every probe looks, and leaves no mount, file, interface or namespace', async (t) => {
  if (skipUnlessRoot(t, 'it mounts and makes namespaces')) return;
  const folder = scratchFolder(t);
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  t.after(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
  const count = () => [
    countMounts(folder),
    readdirSync(folder).length,
    readdirSync('/proc/self/fd').length,
    readdirSync('/sys/class/net').filter((name) => name.startsWith('probe-')).length,
  ];
  await linuxProbes({ folder });
  const clean = count();
  const probes = await linuxProbes({ folder });
  assert.deepEqual(count(), clean);
  assert.deepEqual(clean.slice(0, 2), [0, 0]);
  const names = probes.map(({ name }) => name);
  assert.deepEqual(names, [
    ...['system calls', 'privileges', 'namespaces', 'control groups', 'seccomp', 'terminals'],
    ...['overlay mounts', 'whiteouts', 'container networks'],
  ]);
  for (const probe of probes) assertWords(probe);
  for (const name of ['system calls', 'terminals'])
    assert.ok(probes.find((probe) => probe.name === name)?.ok, name);
});

test('without root they say that root is needed, and none throws', async (t) => {
  if (skipUnlessRoot(t, 'it gives root up')) return;
  const [file = '', ...args] = [
    'setpriv',
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    process.execPath,
    ...ARGS,
  ];
  const { stdout } = await promisify(execFile)(file, args, { cwd: '/' }).catch((error) => {
    if (/EACCES|denied|Cannot find/.test(String(error))) return { stdout: '' };
    throw error;
  });
  if (stdout === '') return t.skip('the project lies in a folder that only root may enter');
  const probes: readonly Probe[] = JSON.parse(stdout);
  for (const probe of probes) assertWords(probe);
  const failed = new Map(probes.flatMap((probe) => (probe.ok ? [] : [[probe.name, probe]])));
  assert.equal(failed.get('privileges')?.cause, 'The engine needs root');
  assert.match(failed.get('overlay mounts')?.evidence ?? '', /EPERM/);
  assert.match(failed.get('container networks')?.cause ?? '', /may not make network namespaces/);
});

test('as root of a user namespace they say so', async (t) => {
  if (skipUnlessUserNamespaces(t)) return;
  const args = ['--user', '--map-root-user', '--mount', process.execPath, ...ARGS];
  const { stdout } = await promisify(execFile)('unshare', args);
  const probes: readonly Probe[] = JSON.parse(stdout);
  const privileges = probes.find(({ name }) => name === 'privileges');
  assert.ok(privileges?.ok === false && /user namespace only/.test(privileges.cause));
  const whiteouts = probes.find(({ name }) => name === 'whiteouts');
  assert.ok(whiteouts?.ok === false && /EPERM/.test(whiteouts.evidence));
});

test('probeMount() tells an overlay below it, a read-only folder and one that is not there', (t) => {
  if (skipUnlessRoot(t, 'it mounts')) return;
  const folder = scratchFolder(t);
  for (const name of ['a', 'b', 'upper', 'work', 'merged', 'readonly']) mkdirSync(join(folder, name));
  const at = (name: string) => join(folder, name);
  assert.match(probeMount(folder).evidence, /^An overlay of three folders was mounted on \w+ \("/);
  mountOverlay(at('merged'), { lowers: [at('a'), at('b')], upper: at('upper'), work: at('work') });
  symlinkSync(at('merged'), at('link'));
  for (const path of [at('merged'), at('link')]) {
    const result = probeMount(path);
    assert.ok(result.ok === false && /is on an overlay itself/.test(result.cause), JSON.stringify(result));
    assert.match(result.evidence, /not supported as upperdir|EINVAL/);
    assert.match(result.fix, /volume/);
  }
  mountMemory(at('readonly'));
  remount(at('readonly'), { readonly: true });
  for (const probe of [probeMount, probeWhiteouts]) {
    const result = probe(at('readonly'));
    assert.ok(result.ok === false && /EROFS/.test(result.evidence), JSON.stringify(result));
    assert.equal(probe(at('nowhere')).ok, false);
  }
  assert.deepEqual(readdirSync(at('a')), []);
});

test('the words name the errno of the kernel: an overlay module that is not there', (t) => {
  if (skipUnlessRoot(t, 'it looks at mounts')) return;
  const modules = execFileSync('cat', ['/proc/filesystems']).toString();
  const result = probeMount(scratchFolder(t));
  assert.equal(result.ok, modules.includes('\toverlay\n'));
});
