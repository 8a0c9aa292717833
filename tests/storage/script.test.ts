import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { mustRun } from '../lab/command.ts';
import { needEngine } from '../lab/engine.ts';
import { startHub } from '../lab/hub.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { smallImageBytes } from '../lab/small-image.ts';
import { runScript, type ScriptLine } from './docker-script.ts';
import { debianFileSystem } from './places.ts';
import { assertRan, assertSame } from './script-differences.ts';

const btrfs = await debianFileSystem('btrfs');

/** The first is what the others are held against. */
const DRIVERS: readonly { readonly driver: string; readonly on?: typeof btrfs }[] = [
  { driver: 'overlay2' },
  { driver: 'overlay' },
  { driver: 'vfs' },
  { driver: 'btrfs', on: btrfs },
  // The lab has fuse-overlayfs.
  { driver: 'aufs' },
];

test('one script of docker commands says the same on every storage driver', async (t) => {
  const assertNoLeaks = await watchForLeaks();
  t.after(assertNoLeaks);
  const expected: ScriptLine[] = [];
  for (const { driver, on } of DRIVERS) {
    await t.test(driver, { skip: on?.skip ?? false }, async (inner) => {
      const lines = await scriptOn(inner, driver, on?.place?.path);
      if (lines === undefined) return;
      if (expected.length === 0) expected.push(...lines);
      else assertSame(driver, lines, expected);
    });
  }
});

/** `place`: a file system of its own for the engine's folder. */
async function scriptOn(
  t: TestContext,
  storageDriver: string,
  place: string | undefined,
): Promise<readonly ScriptLine[] | undefined> {
  const where =
    place === undefined
      ? {}
      : { folder: await mkdtemp(join(place, 'berth-engine-')), binds: [{ from: place }] };
  const engine = await needEngine(t, { ...where, engine: { storageDriver } });
  if (engine === undefined) return undefined;
  await using hub = await startHub({ netns: engine.netns });
  const folder = join(engine.folder, 'files');
  await mkdir(folder);
  await engine.must(['login', '--username', hub.username, '--password-stdin', 'localhost:5000'], {
    input: hub.password,
  });
  const lines = await runScript({
    docker: (args, options) => engine.docker(args, options),
    remote: `localhost:5000/${hub.username}/app`,
    rootfs: await smallImageBytes(engine.lab),
    folder,
    tarNames: async (path) => (await mustRun(['tar', '--list', '--file', path])).stdout.trim().split('\n'),
  });
  assertRan(storageDriver, lines);
  return lines;
}
