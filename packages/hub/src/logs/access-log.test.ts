import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { accessLogger } from './access-log.ts';
import { RotatingFile } from './rotating-file.ts';

const RECORD = {
  atMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  method: 'GET',
  path: '/v2/ada/app/manifests/"\\\u0007ü',
  status: 200,
  bytesIn: 0,
  bytesOut: 7,
  subject: undefined,
  remoteAddress: '127.0.0.1',
  userAgent: undefined,
  ms: 1.23456,
};

it('an access line is the record as JSON, whatever its texts hold and whatever came before it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-log-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'access.log');
  const named = { ...RECORD, subject: 'a"da', userAgent: 'line\nbreak "x" 世界', ms: 2 };
  const others = Object.entries({
    method: 'HEAD',
    path: '/v2/',
    status: 404,
    bytesIn: 1,
    bytesOut: 8,
    subject: 'bob',
    remoteAddress: '::1',
    userAgent: 'x',
    atMs: RECORD.atMs + 1,
  }).map(([field, value]) => ({ ...RECORD, [field]: value }));
  const records = [RECORD, RECORD, named, ...others.flatMap((other) => [RECORD, other])];
  {
    await using file = new RotatingFile(path);
    const log = accessLogger(file);
    for (const record of records) log(record);
  }
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const expected = records.map(({ atMs, ...rest }) => ({
    at: new Date(atMs).toISOString(),
    ...rest,
    ms: Math.round(rest.ms * 100) / 100,
  }));
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    JSON.parse(JSON.stringify(expected)),
  );
});
