import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspectText } from '../registry/inspect-text.ts';
import { createPrinter, type OutputFormat } from './printer.ts';

const EVIL = 'a\u001b]0;title\u0007b\u009b2Jc\u202Ed\re';

function printed(format: OutputFormat) {
  const written: string[] = [];
  const stream = { write: (text: string | Uint8Array) => written.push(String(text)) };
  return { printer: createPrinter(format, { stdout: stream, stderr: stream }), written };
}

test('nothing that steers a terminal gets through the printer', () => {
  for (const format of ['text', 'json'] as const) {
    const { printer, written } = printed(format);
    printer.result({ EVIL }, () => EVIL);
    printer.record({ EVIL }, () => EVIL);
    printer.note(EVIL);
    printer.error({ code: 'DENIED', class: 'denied', message: EVIL, hint: EVIL });
    for (const text of written) assert.doesNotMatch(text, /[^\P{Cc}\n]|\u202e/u);
  }
});

test('JSON stays the same data', () => {
  const { printer, written } = printed('json');
  printer.result({ text: EVIL, list: [1, 'zwei'] }, () => '');
  assert.deepEqual(JSON.parse(written.join('')), { text: EVIL, list: [1, 'zwei'] });
});

test('an error is one line and its hint another, whatever they say', () => {
  const { printer, written } = printed('text');
  printer.error({ code: 'DENIED', class: 'denied', message: 'No\nberth: yes', hint: 'Ask\r\n again' });
  assert.equal(written.join(''), 'berth: No berth: yes\n       Ask again\n');
});

test('texts keep their lines and tabs', () => {
  const { printer, written } = printed('text');
  printer.result(null, () => 'a\n\tb 中文 é');
  assert.equal(written.join(''), 'a\n\tb 中文 é\n');
});

test('inspectText() gives each value of an image one line', () => {
  const digest = `sha256:${'0'.repeat(64)}` as Parameters<typeof inspectText>[0]['descriptor']['digest'];
  const descriptor = { mediaType: 'a/b', digest, size: 1 };
  const text = inspectText({
    name: 'x',
    descriptor,
    sizeBytes: 1,
    images: [{ platform: 'linux/amd64\nDigest: forged', descriptor, sizeBytes: 1, layers: 1 }],
  });
  assert.equal(text.split('\n').filter((line) => line.startsWith('Digest:')).length, 1);
});
