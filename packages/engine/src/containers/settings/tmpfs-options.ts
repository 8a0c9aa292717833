import { refused } from './refuse.ts';

/** Docker's, before what the caller says. */
const DEFAULTS = ['noexec', 'nosuid', 'nodev', 'rprivate'];
/** A later one of a pair takes the place of the earlier. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['ro', 'rw'],
  ['exec', 'noexec'],
  ['suid', 'nosuid'],
  ['dev', 'nodev'],
  ['atime', 'noatime'],
  ['diratime', 'nodiratime'],
  ['relatime', 'norelatime'],
  ['strictatime', 'nostrictatime'],
];
const FLAGS = new Set([
  ...PAIRS.flat(),
  'sync',
  'dirsync',
  'mand',
  'defaults',
  'private',
  'rprivate',
  'shared',
  'rshared',
  'slave',
  'rslave',
  'bind',
  'rbind',
]);
const VALUES = new Set(['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol']);

/** `size=64m,exec` over Docker's defaults. @throws {EngineError} `CONFIG_REFUSED` */
export function parseTmpfsOptions(text: string): readonly string[] {
  let options = [...DEFAULTS];
  for (const option of text === '' ? [] : text.split(',')) {
    const [name = '', value] = option.split('=');
    const isKnown = value === undefined ? FLAGS.has(name) : VALUES.has(name) && value !== '';
    if (!isKnown || name === 'bind' || name === 'rbind') throw refused(`invalid tmpfs option ["${option}"]`);
    if (name === 'defaults') continue;
    const rival = PAIRS.find((pair) => pair.includes(name))?.find((other) => other !== name);
    options = options.filter((other) => other !== rival && other.split('=')[0] !== name);
    options.push(option);
  }
  return options;
}
