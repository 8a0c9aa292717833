import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { newLayerKey } from './keys.ts';
import { processMark } from './process-mark.ts';
import { DRIVERS } from './registry.ts';
import { surveyDrivers } from './survey.ts';

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-survey-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('surveyDrivers() tries all of them, best first, and leaves nothing, also where nothing is yet', async (t) => {
  const folder = await folderOf(t);
  const findings = await surveyDrivers(join(folder, 'not/there/yet'));
  assert.deepEqual(
    findings.map(({ name }) => name),
    DRIVERS.toSorted((a, b) => a.preference - b.preference).map(({ name }) => name),
  );
  assert.deepEqual(await readdir(folder), []);
  assert.equal(findings.find(({ name }) => name === 'vfs')?.probe.works, true);
  for (const { name, probe, support } of findings) {
    assert.ok(probe.evidence !== '' && support.prefer.endsWith('.'), name);
    if (!probe.works) assert.ok(probe.cause !== '' && probe.fix !== '', name);
  }
});

test('surveyDrivers() says whose layers are there, and leaves them', async (t) => {
  const folder = await folderOf(t);
  const layer = join(folder, 'vfs', newLayerKey());
  await mkdir(layer, { recursive: true });
  await writeFile(join(layer, 'file'), 'content');
  const findings = await surveyDrivers(folder);
  assert.deepEqual(
    findings.filter(({ holdsLayers }) => holdsLayers).map(({ name }) => name),
    ['vfs'],
  );
  assert.deepEqual(await readdir(layer), ['file']);
  assert.deepEqual(await readdir(folder), ['vfs']);
});

test('surveyDrivers() takes away what a survey that was killed has left, and nothing of one that runs', async (t) => {
  const folder = await folderOf(t);
  const living = `.berth-probe-overlay2-${processMark()}-living`;
  const dead = processMark().replace(/\d+$/, '1');
  await mkdir(join(folder, living));
  // One beside the place, and one inside of it.
  await mkdir(join(folder, `.berth-probe-overlay2-${dead}-left`, `probe-${dead}-left`, 'work'), {
    recursive: true,
  });
  await mkdir(join(folder, 'storage/overlay2', `probe-${dead}-left`), { recursive: true });
  await surveyDrivers(join(folder, 'other'));
  assert.deepEqual((await readdir(folder)).sort(), [living, 'storage']);
  await surveyDrivers(join(folder, 'storage'));
  const overlay2 = DRIVERS.find(({ name }) => name === 'overlay2');
  const { works } = (await overlay2?.probe(join(folder, 'storage/overlay2'))) ?? { works: false };
  if (works) assert.deepEqual(await readdir(join(folder, 'storage/overlay2')), []);
});
