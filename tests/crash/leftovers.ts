import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Digest, parseDigest } from '@berth/oci';
import { runBerth, startHub } from '../lab/hub.ts';

const DAY_MS = 24 * 3_600_000;

export interface ExpectedRest {
  /** All blobs that were pushed, and no others. */
  readonly blobs: ReadonlySet<Digest>;
  /**
   * A session whose client never heard of it waits for its end of life, as many as requests can be under way at
   * a kill.
   */
  readonly unheardSessions: number;
}

/**
 * Looks at the data folder of a Hub that stands still: `berth check --deep` is clean, the blobs are those that
 * were pushed, and of uploads nothing is left but sessions that no client heard of, which go at the end of their
 * life: that is tried too.
 *
 * @returns how many such sessions there were
 */
export async function assertNothingLeft(dataRoot: string, expected: ExpectedRest): Promise<number> {
  await assertCheckIsClean(dataRoot);
  assert.deepEqual(await storedBlobs(dataRoot), expected.blobs);
  const sessions = uploadRows(dataRoot);
  const staged = await stagedFiles(dataRoot);
  const ids = sessions.map((session) => session.id);
  assert.ok(sessions.length <= expected.unheardSessions, `open sessions: ${JSON.stringify(sessions)}`);
  assert.ok(sessions.every((session) => session.committing === null));
  assert.deepEqual(
    staged.filter((id) => !ids.includes(id)),
    [],
    'bytes of no session',
  );
  if (sessions.length === 0) return 0;
  ageUploads(dataRoot, 8 * DAY_MS);
  await (await startHub({ dataRoot }))[Symbol.asyncDispose]();
  assert.deepEqual(uploadRows(dataRoot), []);
  assert.deepEqual(await stagedFiles(dataRoot), []);
  await assertCheckIsClean(dataRoot);
  return sessions.length;
}

/** `berth check --deep`, beside a running Hub or alone. */
export async function assertCheckIsClean(dataRoot: string): Promise<void> {
  const { code, stdout, stderr } = await runBerth(['check', '--deep'], {
    env: { BERTH_DATA_ROOT: dataRoot },
  });
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /Nothing is wrong/);
}

export async function stagedFiles(dataRoot: string): Promise<string[]> {
  return await readdir(join(dataRoot, 'hub/content/staging'));
}

export async function storedBlobs(dataRoot: string): Promise<Set<Digest>> {
  const folder = join(dataRoot, 'hub/content/blobs/sha256');
  const names = await readdir(folder, { recursive: true });
  return new Set(
    names.filter((name) => name.includes('/')).map((name) => parseDigest(`sha256:${name.slice(3)}`)),
  );
}

function uploadRows(dataRoot: string): { readonly id: string; readonly committing: string | null }[] {
  using database = new DatabaseSync(databasePath(dataRoot));
  return database.prepare('SELECT id, committing FROM uploads').all() as unknown as ReturnType<
    typeof uploadRows
  >;
}

function ageUploads(dataRoot: string, ms: number): void {
  using database = new DatabaseSync(databasePath(dataRoot));
  database.prepare('UPDATE uploads SET updated_at = updated_at - ?').run(ms);
}

/** Opened only while no Hub runs: SQLite's side files are then gone again when it is closed. */
function databasePath(dataRoot: string): string {
  return join(dataRoot, 'hub/registry.db');
}
