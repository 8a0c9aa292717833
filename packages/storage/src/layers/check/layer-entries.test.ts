import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeTarEntry, type TarEntry } from '@berth/oci';
import { LayerEntries } from './layer-entries.ts';

const directory = (path: string) => makeTarEntry({ type: 'directory', path });
const file = (path: string) => makeTarEntry({ type: 'file', path });

function pathsOf(...entries: readonly TarEntry[]): readonly string[] {
  const found = new LayerEntries();
  for (const entry of entries) found.add(entry);
  return [...found.byPath.keys()].sort();
}

test('what was in a folder goes when something else takes its place', () => {
  assert.deepEqual(pathsOf(directory('a'), file('a/b'), directory('a/c'), file('a/c/d'), file('a')), ['a']);
  assert.deepEqual(pathsOf(directory('a'), file('a/b'), file('ab'), file('a')), ['a', 'ab']);
  assert.deepEqual(pathsOf(file('a/b/c'), makeTarEntry({ type: 'symlink', path: 'a', linkPath: 'x' })), [
    'a',
  ]);
});

test('what comes after that, or was there again, stays', () => {
  const again = [directory('a'), file('a/b'), file('a'), directory('a'), file('a/c')];
  assert.deepEqual(pathsOf(...again), ['a', 'a/c']);
  assert.deepEqual(pathsOf(file('a'), directory('a'), file('a/b/c')), ['a', 'a/b/c']);
  assert.deepEqual(pathsOf(file('a/b/c'), file('a/b'), file('a/b/c')), ['a/b', 'a/b/c']);
});

test('byPath is read and goes on', () => {
  const entries = new LayerEntries();
  for (const entry of [directory('./'), directory('a'), file('a/b')]) entries.add(entry);
  assert.deepEqual([...entries.byPath.keys()], ['.', 'a', 'a/b']);
  entries.add(file('a'));
  assert.deepEqual([...entries.byPath.keys()], ['.', 'a']);
  assert.equal(entries.byPath.get('a')?.type, 'file');
});

test('a layer that replaces each of its folders costs by its length, not by the square of it', () => {
  const began = performance.now();
  const entries = new LayerEntries();
  for (let index = 0; index < 80_000; index++) entries.add(directory(`d${index}`));
  for (let index = 0; index < 80_000; index++) entries.add(file(`d${index}`));
  assert.equal(entries.byPath.size, 80_000);
  const deep = new LayerEntries();
  for (let index = 0; index < 200; index++) deep.add(file(`${'d/'.repeat(20_000)}${index}`));
  assert.equal(deep.byPath.size, 200);
  // Less than a second; the square of it took a minute.
  assert.ok(performance.now() - began < 15_000);
});
