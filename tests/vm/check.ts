import assert from 'node:assert/strict';
import { join } from 'node:path';
import { IS_SOAK } from '../crash/chance.ts';
import type { GuestEngine } from './guest-engine.ts';

const BERTH = join(import.meta.dirname, '../../packages/cli/bin/berth.mjs');

/** What `berth check --deep` asks a running engine for, and in the long form the command itself. */
export async function assertCheckIsClean(engine: GuestEngine): Promise<void> {
  const { guest, socketPath, dataRoot } = engine;
  const address = 'http://engine/berth/check?deep=true';
  const problems = await guest.must('curl', [
    ...['--silent', '--show-error', '--unix-socket', socketPath],
    address,
  ]);
  assert.deepEqual(JSON.parse(problems), []);
  if (!IS_SOAK) return;
  const { code, stdout, stderr } = await guest.run(guest.node, [
    ...[BERTH, 'check', '--deep', '--data-root', dataRoot, '--socket', socketPath],
  ]);
  assert.equal(code, 0, stdout + stderr);
}
