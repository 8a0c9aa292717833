import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { accessLogger } from './access-log.ts';
import { RotatingFile } from './rotating-file.ts';

const RECORD = {
  at: new Date('2026-01-02T03:04:05.678Z'),
  method: 'GET',
  path: '/v2/ada/app/manifests/"\\\u0007ü',
  status: 200,
  bytesIn: 0,
  bytesOut: 7,
  remoteAddress: '127.0.0.1',
  ms: 1.23456,
};

it('an access line is the record as JSON, whatever its texts hold', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-log-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'access.log');
  const named = { ...RECORD, subject: 'a"da', userAgent: 'line\nbreak "x" 世界', ms: 2 };
  const later = { ...RECORD, at: new Date('2026-01-02T03:04:05.679Z') };
  {
    await using file = new RotatingFile(path);
    const log = accessLogger(file);
    for (const record of [RECORD, named, later]) log(record);
  }
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const expected = [{ ...RECORD, ms: 1.23 }, named, { ...later, ms: 1.23 }];
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    JSON.parse(JSON.stringify(expected)),
  );
});
