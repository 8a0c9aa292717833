import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestBytes } from '@berth/oci';
import { plainLines } from './plain-lines.ts';

test('plainLines() writes one line per thing that is done, and why it waits', () => {
  const lines: string[] = [];
  const digest = digestBytes('a');
  const progress = plainLines((line) => lines.push(line));
  progress.onEvent({ type: 'blob.start', digest, sizeBytes: 2_000_000, mediaType: 'x' });
  progress.onEvent({ type: 'blob.progress', digest, doneBytes: 5 });
  progress.onEvent({ type: 'retry', digest, attempt: 1, reason: 'other side closed', waitMs: 250 });
  progress.onEvent({ type: 'blob.done', digest, result: 'mounted' });
  progress.stop();
  assert.deepEqual(lines, [
    'ca978112ca1b  other side closed; again in 1 s',
    'ca978112ca1b  mounted  2.00 MB',
  ]);
});
