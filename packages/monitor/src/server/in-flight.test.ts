import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseEntry } from '@berth/runtime';
import { InFlight } from './in-flight.ts';
import { type OutputSink, openRecorder } from './output-recorder.ts';
import { recoverOutput } from './recover-output.ts';

/**
 * A monitor that takes output from a file (as from a FIFO) and may be killed anywhere. A kill leaves what is in files and
 * in mapped memory, and nothing else; so it is enough to stop and open everything again.
 */
function place(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'berth-inflight-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const log = {
    driver: 'json-file',
    path: join(folder, 'log.json'),
    maxSizeBytes: 1e6,
    maxFiles: 2,
  } as const;
  const input = join(folder, 'input');
  closeSync(openSync(input, 'a'));
  const fd = openSync(input, 'r');
  t.after(() => closeSync(fd));
  const open = (): { inFlight: InFlight; recorder: OutputSink } => {
    const { inFlight, pending } = InFlight.open(join(folder, 'in-flight'));
    if (pending !== undefined) recoverOutput(pending, { folder, log });
    inFlight.clear();
    return { inFlight, recorder: openRecorder({ id: 'c1', folder, log, inFlight, onFault: assert.fail }) };
  };
  const written = (): string[] =>
    readFileSync(log.path, 'utf8')
      .split('\n')
      .flatMap((line) => {
        const entry = parseEntry(line);
        return entry === undefined ? [] : [Buffer.from(entry.bytes).toString()];
      });
  /** What a read of the FIFO does, and then nothing: killed before the log. */
  const takeAndDie = (inFlight: InFlight, text: string): void => {
    inFlight.begin({ id: 'c1', stream: 'stdout' }, readFileSync(log.path).length);
    inFlight.buffer.set(Buffer.from(text));
  };
  return { log, fd, input, open, written, takeAndDie };
}

function take(recorder: OutputSink, fd: number): void {
  while (recorder.take('stdout', fd, () => {}) === 'some');
}

test('nothing is left in flight by a monitor that was not killed', (t) => {
  const { input, fd, open, written } = place(t);
  const { recorder } = open();
  appendFileSync(input, 'one\ntwo\nthr');
  take(recorder, fd);
  open();
  assert.deepEqual(written(), ['one\n', 'two\n']);
});

test('killed after reading and before the log: what was read is logged, once', (t) => {
  const { input, fd, open, written, takeAndDie } = place(t);
  const { inFlight, recorder } = open();
  appendFileSync(input, 'one\ntw');
  take(recorder, fd);
  takeAndDie(inFlight, 'o\nthree\nfo');
  const next = open();
  assert.deepEqual(written(), ['one\n', 'two\n', 'three\n']);
  open();
  assert.deepEqual(written(), ['one\n', 'two\n', 'three\n']);
  appendFileSync(input, 'ur\n');
  take(next.recorder, fd);
  assert.deepEqual(written(), ['one\n', 'two\n', 'three\n', 'four\n']);
});

test('killed after the log and before the mark was taken away: nothing is logged twice, same lines included', (t) => {
  const { log, input, fd, open, written, takeAndDie } = place(t);
  const { inFlight, recorder } = open();
  appendFileSync(input, 'y\ny\n');
  take(recorder, fd);
  takeAndDie(inFlight, 'y\ny\ny\n');
  const line = readFileSync(log.path, 'utf8').split('\n')[0];
  appendFileSync(log.path, `${line}\n${line}\n${line}\n`);
  open();
  assert.deepEqual(written(), ['y\n', 'y\n', 'y\n', 'y\n', 'y\n']);
});

test('killed in the middle of writing the log: half a line is taken back and written whole', (t) => {
  const { log, open, written, takeAndDie } = place(t);
  const { inFlight } = open();
  takeAndDie(inFlight, 'a\nb\nc\n');
  const entry = (text: string): string =>
    `{"log":"${text}\\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}\n`;
  appendFileSync(log.path, entry('a') + entry('b').slice(0, 20));
  open();
  assert.deepEqual(written(), ['a\n', 'b\n', 'c\n']);
});

test('killed after the rest of a line was kept: it is not taken for its own beginning', (t) => {
  const { log, fd, input, open, written } = place(t);
  const { inFlight, recorder } = open();
  appendFileSync(input, 'start of a ');
  // All but the last step of a piece: the mark stays.
  const end = inFlight.end.bind(inFlight);
  inFlight.end = () => {};
  recorder.take('stdout', fd, () => {});
  inFlight.end = end;
  const next = open();
  appendFileSync(input, 'line\n');
  take(next.recorder, fd);
  assert.deepEqual(written(), ['start of a line\n']);
  assert.ok(readFileSync(log.path).length > 0);
});

test('a long line goes on in parts after a kill', (t) => {
  const { input, fd, open, written } = place(t);
  const { recorder } = open();
  appendFileSync(input, 'x'.repeat(20_000));
  take(recorder, fd);
  const next = open();
  appendFileSync(input, 'end\n');
  take(next.recorder, fd);
  assert.deepEqual(written(), ['x'.repeat(16 * 1024), `${'x'.repeat(20_000 - 16 * 1024)}end\n`]);
});

test('a file that is no such file is begun anew', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-inflight-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'in-flight');
  const fd = openSync(path, 'w');
  writeSync(fd, 'garbage');
  closeSync(fd);
  assert.equal(InFlight.open(path).pending, undefined);
  const { inFlight } = InFlight.open(path);
  inFlight.begin({ id: 'c1', stream: 'stderr' }, 7);
  inFlight.buffer.set(Buffer.from('text'));
  const { pending } = InFlight.open(path);
  assert.deepEqual(
    { ...pending, bytes: Buffer.from(pending?.bytes ?? []).toString() },
    {
      id: 'c1',
      stream: 'stderr',
      seq: 1,
      logSize: 7,
      bytes: 'text',
    },
  );
  truncateSync(path, 100);
  assert.equal(InFlight.open(path).pending, undefined);
});

test('a log that cannot be written does not hold up the program, and that is told once', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-inflight-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { inFlight } = InFlight.open(join(folder, 'in-flight'));
  const told: string[] = [];
  const log = { driver: 'json-file', path: join(folder, 'log.json'), maxSizeBytes: 10, maxFiles: 2 } as const;
  const recorder = openRecorder({
    id: 'c1',
    folder,
    log,
    inFlight,
    onFault: (_error, what) => told.push(what),
  });
  const input = join(folder, 'input');
  const text = Array.from({ length: 40_000 }, (_, index) => `line ${index}\n`).join('');
  writeFileSync(input, text);
  // In the way of what is put aside.
  mkdirSync(join(folder, 'log.json.1/in-the-way'), { recursive: true });
  const fd = openSync(input, 'r');
  t.after(() => closeSync(fd));
  let seen = 0;
  while (
    recorder.take('stdout', fd, (chunk) => {
      seen += chunk.length;
    }) === 'some'
  );
  assert.equal(seen, text.length);
  assert.deepEqual(told, ['write the log of "c1"']);
});
