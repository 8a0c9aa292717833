import assert from 'node:assert/strict';
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

const LINKS =
  'overlayfs counts one link for a directory that lies in more than one layer, other drivers count its folders';

const NAMES =
  'overlayfs copies up the one name of a file that is written to: its other names keep the old contents; elsewhere they are one file';

const RENAMED =
  'fuse-overlayfs 1.10 makes no whiteout where a folder that was made anew gets another name: the one of the image is seen again';

/** What a driver does otherwise than overlay2, line by line, and why. */
const DIFFERENCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  overlay: { 'run --rm app-two sh -c': LINKS },
  aufs: {
    'run --rm app ls -la /usr/bin/sh /etc /tmp': LINKS,
    'run --rm app-two sh -c': LINKS,
    'start --attach more': RENAMED,
  },
  btrfs: {
    'run --rm app ls -la /usr/bin/sh /etc /tmp': 'btrfs gives a folder no blocks, and a size by its names',
    'diff more': NAMES,
    'run --rm app-three sh -c': NAMES,
  },
  vfs: {
    'run --rm app ls -la /usr/bin/sh /etc /tmp': LINKS,
    'run --rm app-two sh -c': LINKS,
    'diff more': NAMES,
    'run --rm app-three sh -c': NAMES,
  },
};

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
  // The script proves nothing where its lines fail.
  const failed = lines.filter(({ code }) => code !== 0);
  const expected = EXPECTED_FAILURES + (FURTHER_FAILURES[storageDriver] ?? 0);
  assert.equal(failed.length, expected, JSON.stringify(failed, undefined, 1));
  return lines;
}

/** Lines that name something that is not there, on purpose. */
const EXPECTED_FAILURES = 3;
/** Those among the listed differences. */
const FURTHER_FAILURES: Readonly<Record<string, number>> = { aufs: 1 };

function assertSame(driver: string, lines: readonly ScriptLine[], expected: readonly ScriptLine[]): void {
  for (const [at, line] of lines.entries()) {
    const reason = DIFFERENCES[driver]?.[line.command];
    if (reason === undefined) assert.deepEqual(line, expected[at], driver);
    else assert.notDeepEqual(line, expected[at], `${driver} no longer differs: ${reason}`);
  }
}
