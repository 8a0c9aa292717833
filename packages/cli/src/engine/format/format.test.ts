import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { indentJson } from './indent-json.ts';
import { naturalOrder } from './natural-order.ts';
import { portsText } from './ports.ts';
import { humanMemory, humanSize } from './sizes.ts';
import { ellipsis, jsonRow, tableText } from './table.ts';
import { humanDuration, rfc3339Nano } from './times.ts';

describe('tableText()', () => {
  it('has columns of ten at least, three spaces between, none behind the last', () => {
    const text = tableText([
      ['ID', 'A LONG HEADING', 'NAMES'],
      ['0123456789', '', 'web'],
    ]);
    assert.equal(text, 'ID           A LONG HEADING   NAMES\n0123456789                    web\n');
  });

  it('lets no cell steer the terminal or make a second line', () => {
    assert.equal(tableText([['a\u001b[2Jb\nc\u202e', 'x']]), 'a\uFFFD[2Jb c\uFFFD   x\n');
  });
});

describe('jsonRow()', () => {
  it('writes as Go does', () => {
    assert.equal(
      jsonRow({ b: '<none>', a: 'x&y', Z: null }),
      '{"Z":null,"a":"x\\u0026y","b":"\\u003cnone\\u003e"}',
    );
  });
});

describe('indentJson()', () => {
  it('changes nothing but the space', () => {
    const text = '{"n":18446744073709551615,"a":[],"o":{},"10":1,"2":[1,{"x":"a,b:{}\\"\\\\"}]}\n';
    const indented = indentJson(text, { indent: '    ' });
    assert.equal(indented.split('\n')[1], '    "n": 18446744073709551615,');
    assert.ok(indented.includes('"a": [],\n    "o": {},\n    "10": 1,\n    "2": [\n        1,'));
    assert.equal(indented.replaceAll(/\n */g, '').replaceAll('": ', '":'), text.trim());
  });
});

describe('sizes and times', () => {
  it('humanSize() has so many digits and no zeros at the end', () => {
    assert.deepEqual(
      [0, 999, 1000, 10474265, 2e9].map((bytes) => humanSize(bytes)),
      [...['0B', '999B', '1kB', '10.47MB', '2GB']],
    );
    assert.equal(humanSize(10474265, 3), '10.5MB');
    assert.equal(humanMemory(25_275_000_000), '23.54GiB');
  });

  it('humanDuration() says what docker says', () => {
    const hour = 3600;
    const cases: readonly (readonly [number, string])[] = [
      ...([
        [0.5, 'Less than a second'],
        [1, '1 second'],
        [59, '59 seconds'],
        [60, 'About a minute'],
      ] as const),
      ...([
        [3599, '59 minutes'],
        [hour, 'About an hour'],
        [47 * hour, '47 hours'],
        [48 * hour, '2 days'],
      ] as const),
      ...([
        [14 * 24 * hour, '2 weeks'],
        [60 * 24 * hour, '2 months'],
        [731 * 24 * hour, '2 years'],
      ] as const),
    ];
    for (const [seconds, words] of cases) assert.equal(humanDuration(seconds), words, String(seconds));
  });

  it('rfc3339Nano() keeps nine digits', () => {
    assert.match(rfc3339Nano(1795707176629000001n), /^2026-11-26T\d\d:32:56\.629000001(Z|[+-]\d\d:\d\d)$/);
  });
});

describe('portsText()', () => {
  const port = (PrivatePort: number, more: object = {}) => ({ PrivatePort, Type: 'tcp', ...more });
  it('joins neighbours', () => {
    assert.equal(
      portsText([port(82), port(80), port(81), port(90), port(53, { Type: 'udp' })]),
      '80-82/tcp, 53/udp, 90/tcp',
    );
    const same = [1, 2, 3].map((n) => port(8000 + n, { IP: '0.0.0.0', PublicPort: 8000 + n }));
    assert.equal(portsText(same), '0.0.0.0:8001-8003->8001-8003/tcp');
    assert.equal(portsText([port(80, { IP: '::', PublicPort: 8080 })]), '[::]:8080->80/tcp');
  });
});

describe('naturalOrder() and ellipsis()', () => {
  it('count numbers as numbers and letters as letters', () => {
    assert.deepEqual(['b10', 'b9', '[::]', '0.0'].sort(naturalOrder), ['0.0', '[::]', 'b9', 'b10']);
    assert.equal(ellipsis('\u{1F600}bcdef', 4), '\u{1F600}bc…');
  });
});
