import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { type Digest, digestBytes } from '@berth/oci';
import type { CopyEvent } from '@berth/transfer';
import fc from 'fast-check';
import { shortDigest } from './format.ts';
import { terminalDisplay } from './terminal-display.ts';

/** A terminal that understands what the display uses: line feeds, cursor up, erase below. */
class Screen {
  lines: string[] = [''];
  row = 0;
  writes = 0;
  readonly columns: number;
  readonly rows: number;
  widest = 0;

  constructor(columns = 80, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    this.writes += 1;
    for (const [part] of text.matchAll(/\u001b\[\d*A|\u001b\[J|\u001b\[\d+m|\r|\n|[^\u001b\r\n]+/g)) {
      if (part.endsWith('A')) this.row -= Number(part.slice(2, -1));
      else if (part === '\u001b[J') this.lines = [...this.lines.slice(0, this.row), ''];
      else if (part === '\n') {
        this.row += 1;
        this.lines[this.row] ??= '';
      } else if (part === '\r' || part.endsWith('m')) continue;
      else this.lines[this.row] += part;
    }
    this.widest = Math.max(this.widest, ...this.lines.map((line) => line.length));
    assert.ok(this.row >= 0, 'the cursor stays on the screen');
  }
}

const plain = { hasColors: false, hasUnicode: false };
const blob = (n: number): Digest => digestBytes(`${n}`);
const start = (n: number, sizeBytes = 1000): CopyEvent => ({
  type: 'blob.start',
  digest: blob(n),
  sizeBytes,
  mediaType: 'x',
});
const progress = (n: number, doneBytes: number): CopyEvent => ({
  type: 'blob.progress',
  digest: blob(n),
  doneBytes,
});
const done = (n: number): CopyEvent => ({ type: 'blob.done', digest: blob(n), result: 'copied' });

test('terminalDisplay() shows a line per blob and the total, redrawn in place', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const screen = new Screen();
  const display = terminalDisplay(screen, plain);
  for (const n of [1, 2, 3]) display.onEvent(start(n));
  display.onEvent(progress(1, 500));
  t.mock.timers.tick(100);
  assert.match(screen.lines[0] ?? '', new RegExp(`^${shortDigest(blob(1))}  \\[=+> +\\] +500 B / 1.00 kB`));
  assert.match(screen.lines[1] ?? '', /1.00 kB, waiting$/);
  assert.match(screen.lines[3] ?? '', /^0 of 3 {2}500 B \/ 3.00 kB/);
  for (let tick = 0; tick < 5; tick += 1) t.mock.timers.tick(100);
  assert.equal(screen.lines.length, 5, 'nothing was added below');
  display.onEvent(done(1));
  t.mock.timers.tick(100);
  assert.equal(screen.lines[0], `${shortDigest(blob(1))}  copied  1.00 kB`);
  assert.match(screen.lines[3] ?? '', /^1 of 3/);
  display.onEvent({ type: 'retry', digest: blob(2), attempt: 1, reason: 'other side closed', waitMs: 250 });
  t.mock.timers.tick(100);
  assert.match(screen.lines[1] ?? '', /waiting: other side closed$/);
  display.stop();
  assert.deepEqual(screen.lines, [`${shortDigest(blob(1))}  copied  1.00 kB`, ''], 'only what is done stays');
});

test('terminalDisplay() draws at most ten times a second', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const screen = new Screen();
  const display = terminalDisplay(screen, plain);
  display.onEvent(start(1, 100_000));
  for (let step = 0; step < 1000; step += 1) {
    display.onEvent(progress(1, step * 100));
    t.mock.timers.tick(1);
  }
  display.stop();
  assert.ok(screen.writes <= 12, `${screen.writes} writes in a second`);
});

test('terminalDisplay() never fills a line, however narrow or low the terminal', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  fc.assert(
    fc.property(
      fc.record({
        columns: fc.integer({ min: 10, max: 120 }),
        rows: fc.integer({ min: 2, max: 30 }),
        blobs: fc.integer({ min: 1, max: 40 }),
        style: fc.record({ hasColors: fc.boolean(), hasUnicode: fc.boolean() }),
      }),
      ({ columns, rows, blobs, style }) => {
        const screen = new Screen(columns, rows);
        const display = terminalDisplay(screen, style);
        for (let n = 0; n < blobs; n += 1) display.onEvent(start(n, 123_456_789));
        for (let n = 0; n < blobs; n += 2) display.onEvent(progress(n, 12_345_678));
        t.mock.timers.tick(100);
        assert.ok(screen.widest < columns);
        assert.ok(screen.lines.length <= Math.max(4, rows), 'the picture is not higher than the terminal');
        for (let n = 0; n < blobs; n += 1) display.onEvent(done(n));
        display.stop();
        assert.equal(screen.lines.length, blobs + 1);
        assert.ok(screen.lines.every((line) => line === stripVTControlCharacters(line)));
      },
    ),
  );
});
