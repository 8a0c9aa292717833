import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bool, list, text, value } from './flag.ts';
import { parseFlags } from './parse-flags.ts';
import { toBytes, toNanos, toNanoseconds } from './values.ts';

const FLAGS = [
  bool('i, interactive', ''),
  bool('t, tty', ''),
  bool('pause', '', true),
  list('e, env', ''),
  text('name', ''),
  value('n, last', 'int', ''),
];

function parse(line: string, isInterspersed = true) {
  return parseFlags(line.split(' ').filter(Boolean), FLAGS, { isInterspersed });
}

describe('parseFlags()', () => {
  it('reads every form that docker reads', () => {
    const { flags, args } = parse('-it --env A=1 -eB=2 -e=C=3 --name=x --pause=false a -n -5 -- --tty -b');
    assert.deepEqual(
      [flags.bool('interactive'), flags.bool('tty'), flags.bool('pause')],
      [true, true, false],
    );
    assert.deepEqual(flags.list('env'), ['A=1', 'B=2', 'C=3']);
    assert.deepEqual([flags.text('name'), flags.int('last')], ['x', -5]);
    assert.deepEqual(args, ['a', '--tty', '-b']);
    assert.equal(parse('').flags.bool('pause'), true);
    assert.equal(parse('-t=false').flags.bool('tty'), false);
    assert.equal(parse('--name= ').flags.text('name'), '');
  });

  it('leaves all behind the first argument alone where that is a command line', () => {
    const { flags, args } = parse('-t image ls --env x -i', false);
    assert.deepEqual(args, ['image', 'ls', '--env', 'x', '-i']);
    assert.equal(flags.bool('interactive'), false);
  });

  it('refuses in the words of docker', () => {
    const cases = {
      '--nope': 'unknown flag: --nope',
      '--nope=1': 'unknown flag: --nope',
      '-itz': "unknown shorthand flag: 'z' in -itz",
      '--name': 'flag needs an argument: --name',
      '-te': "flag needs an argument: 'e' in -te",
      '-n x': 'invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid syntax',
      '--pause=maybe':
        'invalid argument "maybe" for "--pause" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    };
    for (const [line, message] of Object.entries(cases)) assert.throws(() => parse(line), { message }, line);
  });

  it('does not answer for a flag that the verb does not have', () => {
    assert.throws(() => parse('').flags.bool('nope'), /no flag "nope"/);
  });
});

describe('values', () => {
  it('toBytes() counts in powers of 1024', () => {
    const sizes = {
      '64m': 67108864,
      '1.5g': 1610612736,
      '1kb': 1024,
      '10': 10,
      '3KiB': 3072,
      '-1': -1,
      '7b': 7,
    };
    for (const [given, bytes] of Object.entries(sizes)) assert.equal(toBytes(given), bytes, given);
    for (const given of ['', 'm', '1x', '1 m m', '1bb', '-5', 'abc'])
      assert.equal(toBytes(given), undefined, given);
  });

  it('toNanos() takes decimals of at most nine digits', () => {
    assert.deepEqual(['1.5', '.25', '2', '0.000000001'].map(toNanos), [1.5e9, 2.5e8, 2e9, 1]);
    assert.deepEqual(['', '.', 'x', '1.0000000001', '-1'].map(toNanos), Array(5).fill(undefined));
  });

  it('toNanoseconds() reads Go durations', () => {
    assert.deepEqual(['1h30m', '1.5s', '-10ms', '0'].map(toNanoseconds), [5.4e12, 1.5e9, -1e7, 0]);
    assert.deepEqual(['', '5', '1d', 'h'].map(toNanoseconds), Array(4).fill(undefined));
  });
});
