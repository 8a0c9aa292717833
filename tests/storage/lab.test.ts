import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { LabReport } from '@berth/lab';
import { openBrowser } from '../lab/browser.ts';
import { type CommandResult, runCommand } from '../lab/command.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { DESK, openWindow, PHONE } from '../pages/visitor.ts';

const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts');

function berth(args: readonly string[], cwd: string): Promise<CommandResult> {
  return runCommand([process.execPath, '--disable-warning=ExperimentalWarning', '--', MAIN, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd, LANG: 'C.UTF-8' },
  });
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-drivers-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('berth lab measures, and its page shows what it measured, in both languages', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root: it mounts');
  const assertNoLeaks = await watchForLeaks();
  const folder = await folderOf(t);
  const ran = await berth(['lab', '--quick', '--drivers', 'overlay2,overlay,vfs', '--name', 'test'], folder);
  assert.equal(ran.code, 0, ran.stderr);
  await assertNoLeaks();
  assert.deepEqual((await readdir(folder)).sort(), ['lab.html', 'lab.json', 'lab.zh-CN.html']);
  const report = JSON.parse(await readFile(join(folder, 'lab.json'), 'utf8')) as LabReport;
  assertPhysics(report);

  const opened = await openBrowser(t);
  if (opened === undefined) return;
  for (const [file, word] of [
    ['lab.html', 'held'],
    ['lab.zh-CN.html', '成立'],
  ] as const) {
    for (const viewport of [DESK, PHONE]) {
      const visitor = await openWindow(t, { browser: opened.browser, viewport });
      await visitor.page.goto(pathToFileURL(join(folder, file)).href);
      await visitor.look(`${file.replace('.html', '')}-${viewport.width}`);
      const { page } = visitor;
      assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, file);
      const row = page.locator('#m0-books tbody tr', { hasText: /overlay2[:：] ?16\sMiB/ });
      assert.equal(await row.locator('.verdict').textContent(), word);
      visitor.assertNoComplaints();
    }
  }
});

/** What no driver can do otherwise, however slow the machine. */
function assertPhysics({ machines }: LabReport): void {
  const machine = machines[0] ?? assert.fail();
  const of = (driver: string) =>
    machine.drivers.find((one) => one.driver === driver)?.figures ?? assert.fail(driver);
  const { largeFileBytes, sharers, writtenFileBytes, containers } = machine.scale;
  for (const driver of ['overlay2', 'overlay']) {
    const figures = of(driver);
    assert.ok((figures['copyUp.bottom.first.takenBytes'] ?? 0) >= largeFileBytes, driver);
    assert.ok((figures['copyUp.bottom.second.takenBytes'] ?? 0) < largeFileBytes / 4, driver);
    assert.ok((figures['writers.takenBytes'] ?? 0) >= containers * writtenFileBytes, driver);
    assert.equal(figures['rename.ms'], undefined);
  }
  assert.ok((of('vfs')['sharers.fresh.takenBytes'] ?? 0) >= sharers * writtenFileBytes);
  assert.ok((of('overlay2')['sharers.fresh.takenBytes'] ?? 0) < sharers * writtenFileBytes);
  assert.ok(of('vfs')['rename.ms'] !== undefined);
}

test('berth lab joins reports, and refuses what is none', async (t) => {
  const folder = await folderOf(t);
  const refused = await berth(
    ['lab', '--no-run', '--with', join(import.meta.dirname, '../../package.json')],
    folder,
  );
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /it is not a report of berth lab/);
  const nothing = await berth(['lab', '--no-run'], folder);
  assert.equal(nothing.code, 2);
  const unknown = await berth(['lab', '--drivers', 'zfs'], folder);
  assert.match(unknown.stderr, /Cannot measure "zfs": there is no such storage driver\n.*overlay2/);
  assert.deepEqual(await readdir(folder), []);
});
