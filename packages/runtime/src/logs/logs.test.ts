import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { LogWriter, type ReadLogsOptions, readLogs } from '../index.ts';
import { parseEntry } from './json-lines.ts';

function logPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'berth-logs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'x-json.log');
}

async function texts(options: ReadLogsOptions): Promise<string[]> {
  const found: string[] = [];
  for await (const { bytes } of readLogs(options)) found.push(Buffer.from(bytes).toString('utf8'));
  return found;
}

/** Lines `first` to `last`, each a second after the one before. */
function writeLines(
  path: string,
  first: number,
  last: number,
  more: { maxSizeBytes?: number; maxFiles?: number } = {},
): void {
  let number = first;
  const clock = { now: () => new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString() };
  using writer = new LogWriter({ path, maxSizeBytes: 1e9, maxFiles: 3, clock, ...more });
  for (; number <= last; number++) writer.write('stdout', Buffer.from(`line ${number}\n`));
}

function lines(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `line ${first + index}\n`);
}

describe('LogWriter', () => {
  test('what is written is readable at once, an unfinished line only at its end', async (t) => {
    const path = logPath(t);
    using writer = new LogWriter({ path, maxSizeBytes: 1e6, maxFiles: 2 });
    writer.write('stdout', Buffer.from('one\ntw'));
    writer.write('stderr', Buffer.from('err\n'));
    assert.deepEqual(await texts({ path }), ['one\n', 'err\n']);
    writer.write('stdout', Buffer.from('o\nthree'));
    writer.end('stdout');
    assert.deepEqual(await texts({ path }), ['one\n', 'err\n', 'two\n', 'three']);
  });

  test('parts of one long line have one time', (t) => {
    const path = logPath(t);
    let tick = 0;
    using writer = new LogWriter({
      path,
      maxSizeBytes: 1e6,
      maxFiles: 2,
      clock: { now: () => `t${++tick}` },
    });
    writer.write('stdout', Buffer.alloc(20_000, 'x'));
    writer.write('stdout', Buffer.from('end\n'));
    writer.write('stdout', Buffer.from('next\n'));
    const times = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => parseEntry(line)?.time);
    assert.deepEqual(times, ['t1', 't1', 't3']);
  });

  test('max-size and max-file bound it, and the newest lines are there', async (t) => {
    const path = logPath(t);
    writeLines(path, 1, 1000, { maxSizeBytes: 4096, maxFiles: 3 });
    assert.ok(existsSync(`${path}.2`));
    assert.ok(!existsSync(`${path}.3`));
    for (const one of [path, `${path}.1`, `${path}.2`]) assert.ok(statSync(one).size < 4096 + 200);
    const found = await texts({ path });
    assert.ok(found.length > 100);
    assert.deepEqual(found, lines(1001 - found.length, 1000));
  });

  test('one file is begun anew', async (t) => {
    const path = logPath(t);
    writeLines(path, 1, 1000, { maxSizeBytes: 4096, maxFiles: 1 });
    assert.ok(!existsSync(`${path}.1`));
    assert.equal((await texts({ path })).at(-1), 'line 1000\n');
  });

  test('a line that a power cut has torn takes no other with it', async (t) => {
    const path = logPath(t);
    writeLines(path, 1, 3);
    truncateSync(path, statSync(path).size - 20);
    writeLines(path, 4, 5);
    assert.deepEqual(await texts({ path }), [...lines(1, 2), ...lines(4, 5)]);
  });
});

test('attack 27: a symlink in place of a log is neither written through nor read', async (t) => {
  const path = logPath(t);
  const sentinel = `${path}.sentinel`;
  writeFileSync(sentinel, '{"log":"secret\\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}\n');
  const before = readFileSync(sentinel, 'utf8');
  symlinkSync(sentinel, path);
  assert.throws(() => new LogWriter({ path, maxSizeBytes: 1e6, maxFiles: 2 }), { code: 'ELOOP' });
  await assert.rejects(texts({ path }), { code: 'ELOOP' });
  await assert.rejects(texts({ path, tail: 1 }), { code: 'ELOOP' });
  assert.equal(readFileSync(sentinel, 'utf8'), before);
});

describe('readLogs()', () => {
  test('tail counts lines from the end, across files', async (t) => {
    const path = logPath(t);
    writeLines(path, 1, 300, { maxSizeBytes: 8192, maxFiles: 9 });
    const sizes = [1, 2, 60, 99, 150, 299, 300, 301, 5000];
    for (const tail of sizes)
      assert.deepEqual(await texts({ path, tail }), lines(Math.max(1, 301 - tail), 300), `tail ${tail}`);
    assert.deepEqual(await texts({ path, tail: 0 }), []);
  });

  test('since and until include their moment, across files', async (t) => {
    const path = logPath(t);
    writeLines(path, 1, 3000, { maxSizeBytes: 100_000, maxFiles: 9 });
    const at = (number: number) => new Date(Date.UTC(2026, 0, 1) + number * 1000);
    for (const number of [0, 1, 2, 1000, 1500, 2999, 3000])
      assert.deepEqual(
        await texts({ path, since: at(number) }),
        lines(Math.max(1, number), 3000),
        `since ${number}`,
      );
    assert.deepEqual(await texts({ path, since: at(3001) }), []);
    assert.deepEqual(await texts({ path, since: at(1400), until: at(1402) }), lines(1400, 1402));
    assert.deepEqual(await texts({ path, since: at(2990), tail: 5 }), lines(2996, 3000));
    assert.deepEqual(await texts({ path, since: at(2998), tail: 50 }), lines(2998, 3000));
  });

  test('tail and since of a large log read a small part of it', async (t) => {
    const path = logPath(t);
    writeLines(path, 1, 200_000);
    const read = await bytesRead(async () => {
      assert.deepEqual(await texts({ path, tail: 3 }), lines(199_998, 200_000));
      assert.deepEqual(
        await texts({ path, since: new Date(Date.UTC(2026, 0, 1) + 199_999_000) }),
        lines(199_999, 200_000),
      );
    });
    assert.ok(statSync(path).size > 10e6);
    assert.ok(read < 3e6, `${read} bytes were read`);
  });

  test('a log that is not there is empty', async (t) => {
    assert.deepEqual(await texts({ path: logPath(t) }), []);
  });

  test('lines that are none are passed over', async (t) => {
    const path = logPath(t);
    writeFileSync(path, 'garbage\n\n');
    writeLines(path, 1, 2);
    appendFileSync(path, '{"log":"cut');
    assert.deepEqual(await texts({ path }), lines(1, 2));
    assert.deepEqual(await texts({ path, since: new Date(0) }), lines(1, 2));
  });

  test('follow survives rotations, loses no line and ends when told', async (t) => {
    const path = logPath(t);
    writeLines(path, 1, 10);
    const ended = new AbortController();
    const entries = readLogs({ path, follow: true, tail: 5, ended: ended.signal });
    // Where the last five begin is decided with the first.
    const found = [Buffer.from((await entries.next()).value?.bytes ?? []).toString()];
    const following = (async () => {
      for await (const { bytes } of entries) found.push(Buffer.from(bytes).toString());
    })();
    for (let first = 11; first <= 2000; first += 10) {
      writeLines(path, first, first + 9, { maxSizeBytes: 10_000, maxFiles: 30 });
      if (first % 50 === 1) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    ended.abort();
    await following;
    assert.deepEqual(found, lines(6, 2000));
  });

  test('follow waits for a log that begins later', async (t) => {
    const path = logPath(t);
    const ended = new AbortController();
    const following = texts({ path, follow: true, ended: ended.signal });
    await new Promise((resolve) => setTimeout(resolve, 30));
    writeLines(path, 1, 3);
    await new Promise((resolve) => setTimeout(resolve, 30));
    ended.abort();
    assert.deepEqual(await following, lines(1, 3));
  });

  test('follow gives a line while it waits for more', async (t) => {
    const path = logPath(t);
    writeLines(path, 1, 1);
    const stop = new AbortController();
    const iterator = readLogs({ path, follow: true, signal: stop.signal });
    assert.equal(Buffer.from((await iterator.next()).value?.bytes ?? []).toString(), 'line 1\n');
    const next = iterator.next();
    writeLines(path, 2, 2);
    assert.equal(Buffer.from((await next).value?.bytes ?? []).toString(), 'line 2\n');
    const waiting = iterator.next();
    stop.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
  });

  test('follow ends at until', async (t) => {
    const path = logPath(t);
    writeLines(path, 1, 2);
    assert.deepEqual(await texts({ path, follow: true, until: new Date(Date.now() + 50) }), lines(1, 2));
  });

  test('characters across the borders of chunks are whole', async (t) => {
    const path = logPath(t);
    const text = `${'é😀'.repeat(2500)}\n`;
    using writer = new LogWriter({ path, maxSizeBytes: 1e9, maxFiles: 2 });
    for (let index = 0; index < 40; index++) writer.write('stdout', Buffer.from(text));
    assert.deepEqual(new Set(await texts({ path })), new Set([text]));
  });
});

/** What this process read from files meanwhile; of the test's own files nothing else is read. */
async function bytesRead(act: () => Promise<void>): Promise<number> {
  const handle = await open('/proc/self/io');
  const count = async (): Promise<number> => {
    const buffer = Buffer.alloc(4096);
    const { bytesRead: length } = await handle.read(buffer, 0, buffer.length, 0);
    return Number(/rchar: (\d+)/.exec(buffer.toString('utf8', 0, length))?.[1]);
  };
  try {
    const before = await count();
    await act();
    return (await count()) - before;
  } finally {
    await handle.close();
  }
}
