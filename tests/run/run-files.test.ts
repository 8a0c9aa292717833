import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Outcome, tally } from './outcome.ts';
import { summary } from './report.ts';

/** node:test refuses to run files from inside a test, so a fresh process does it. */
function runFilesElsewhere(
  files: readonly string[],
  options: { readonly top: string; readonly abortAfterMs?: number },
): readonly Outcome[] {
  const { abortAfterMs, top } = options;
  const script = `
    import { runFiles } from ${JSON.stringify(new URL('./run-files.ts', import.meta.url).href)};
    const outcomes = await runFiles(${JSON.stringify(files)}, {
      top: ${JSON.stringify(top)}, concurrency: 2, timeoutMs: 60_000,
      ${abortAfterMs === undefined ? '' : `signal: AbortSignal.timeout(${abortAfterMs}),`}
    });
    process.stdout.write(JSON.stringify(outcomes));`;
  const driver = join(top, 'driver.mjs');
  writeFileSync(driver, script);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, [driver], { env, encoding: 'utf8' });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}

test('runFiles() counts each test once, and a file without tests as a failure', async (t) => {
  const top = await mkdtemp(join(tmpdir(), 'berth-runner-'));
  t.after(() => rm(top, { recursive: true, force: true }));
  const sources = {
    'mixed.test.mjs': `
      import { describe, it, test } from 'node:test';
      test('good', () => {});
      test('bad', () => { console.log('said before'); throw new Error('broken on purpose'); });
      test('left', { skip: 'needs a moon' }, () => {});
      describe('suite', () => { it('inner', () => {}); it('inner bad', () => { throw new Error('inner too'); }); });`,
    'suite.test.mjs': `
      import { describe, it } from 'node:test';
      describe('left suite', { skip: 'needs a sun' }, () => { it('one', () => {}); it('two', () => {}); });`,
    'missing.test.mjs': `import './not-there.mjs';`,
    'empty.test.mjs': `export const nothing = 1;`,
  };
  for (const [name, text] of Object.entries(sources)) await writeFile(join(top, name), text);
  const outcomes = runFilesElsewhere(
    Object.keys(sources).map((name) => join(top, name)),
    { top },
  );

  assert.deepEqual(tally(outcomes), { passed: 2, failed: 4, skipped: 2 });
  const names = outcomes.map(({ name }) => name);
  assert.ok(
    names.includes('suite › inner'),
    'also what passed before its suite was told of has its full name',
  );
  const lines = summary(outcomes, { seed: '7', ms: 1 });
  assert.equal(lines.at(-1), '2 passed, 4 failed, 2 skipped');
  const text = lines.join('\n');
  for (const part of [
    'broken on purpose',
    'said before',
    'suite › inner bad',
    'not-there.mjs',
    'needs a moon',
    'needs a sun',
  ]) {
    assert.ok(text.includes(part), `the summary says "${part}"`);
  }
  assert.match(text, /alone: BERTH_SEED=7 npm test -- mixed\.test\.mjs/);
});

test('runFiles() ends the processes of an aborted run', async (t) => {
  const top = await mkdtemp(join(tmpdir(), 'berth-runner-'));
  t.after(() => rm(top, { recursive: true, force: true }));
  const file = join(top, 'slow.test.mjs');
  await writeFile(
    file,
    `import { test } from 'node:test'; test('slow', () => new Promise((r) => setTimeout(r, 1e8)));`,
  );
  const outcomes = runFilesElsewhere([file], { top, abortAfterMs: 500 });
  assert.ok(outcomes.every((one) => one.result === 'failed') && outcomes.length > 0);
});
