import type { VerbLine } from './run-verb.ts';
import { GROUPS, VERBS, type VerbLoader } from './table.ts';

/** Flags of the program that may stand before a verb, each with a value. */
const GLOBALS = ['--format', '--config', '--socket'];

/**
 * The verb that a command line means; `undefined` for every other command, and for help of any kind.
 *
 * @param args without the program's name
 */
export async function findVerb(args: readonly string[]): Promise<VerbLine | undefined> {
  const rest = [...args];
  const globals: string[] = [];
  for (let word = rest[0]; word?.startsWith('--') === true; word = rest[0]) {
    if (GLOBALS.includes(word) && rest.length > 1) globals.push(...rest.splice(0, 2));
    else if (GLOBALS.includes(word.split('=')[0] ?? '') && word.includes('='))
      globals.push(...rest.splice(0, 1));
    else return undefined;
  }
  const [first = '', second = ''] = rest;
  const group = Object.hasOwn(GROUPS, first) ? GROUPS[first] : undefined;
  if (group !== undefined) {
    const loader = Object.hasOwn(group.verbs, second)
      ? group.verbs[second]
      : group.verbs[group.aliases?.[second] ?? ''];
    return await lineOf(loader, { name: `${first} ${second}`, words: rest.slice(2), globals });
  }
  const loader = Object.hasOwn(VERBS, first) ? VERBS[first] : undefined;
  return await lineOf(loader, { name: first, words: rest.slice(1), globals });
}

async function lineOf(
  loader: VerbLoader | undefined,
  line: Omit<VerbLine, 'verb'>,
): Promise<VerbLine | undefined> {
  if (loader === undefined) return undefined;
  const verb = await loader();
  return asksForHelp(line.words, verb.isCommandLine === true) ? undefined : { ...line, verb };
}

/** `--help` behind the arguments of a command line is the container's. */
function asksForHelp(words: readonly string[], isCommandLine: boolean): boolean {
  for (const word of words) {
    if (word === '--help') return true;
    if (word === '--' || (isCommandLine && !word.startsWith('-'))) return false;
  }
  return false;
}
