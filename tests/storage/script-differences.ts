import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { ScriptLine } from './docker-script.ts';

const LINKS =
  'overlayfs counts one link for a directory that lies in more than one layer, other drivers count its folders';

const NAMES =
  'overlayfs copies up the one name of a file that is written to: its other names keep the old contents; elsewhere they are one file';

const RENAMED =
  'fuse-overlayfs 1.10 makes no whiteout where a folder that was made anew gets another name: the one of the image is seen again';

const WHOLE_TREES = {
  'run --rm app ls -la /usr/bin/sh /etc /tmp': LINKS,
  'run --rm app-two sh -c': LINKS,
  'diff more': NAMES,
  'run --rm app-three sh -c': NAMES,
};

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
  vfs: WHOLE_TREES,
  devicemapper: WHOLE_TREES,
};

const EITHER_NAME =
  'fuse-overlayfs 1.10 copies up the name by which it met the inode first: of two names either one has what was written';

/** Where it is a matter of chance whether there is a difference. */
const CHANCES: typeof DIFFERENCES = {
  aufs: { 'diff more': EITHER_NAME, 'run --rm app-three sh -c': EITHER_NAME },
};

/** Lines that name something that is not there, on purpose. */
const EXPECTED_FAILURES = 3;
/** Those among the listed differences. */
const FURTHER_FAILURES: Readonly<Record<string, number>> = { aufs: 1 };

/** The script proves nothing where its lines fail. */
export function assertRan(driver: string, lines: readonly ScriptLine[]): void {
  const failed = lines.filter(({ code }) => code !== 0);
  const expected = EXPECTED_FAILURES + (FURTHER_FAILURES[driver] ?? 0);
  assert.equal(failed.length, expected, JSON.stringify(failed, undefined, 1));
}

/** @returns the differences that there are, all of them listed, each with its reason */
export function assertSame(
  driver: string,
  lines: readonly ScriptLine[],
  expected: readonly ScriptLine[],
): readonly string[] {
  assert.equal(lines.length, expected.length);
  const found: string[] = [];
  for (const [at, line] of lines.entries()) {
    const reason = DIFFERENCES[driver]?.[line.command];
    const chance = CHANCES[driver]?.[line.command];
    if (chance !== undefined) {
      if (!isDeepStrictEqual(line, expected[at])) found.push(`${line.command}: ${chance}`);
    } else if (reason === undefined) assert.deepEqual(line, expected[at], driver);
    else {
      assert.notDeepEqual(line, expected[at], `${driver} no longer differs: ${reason}`);
      found.push(`${line.command}: ${reason}`);
    }
  }
  return found;
}
