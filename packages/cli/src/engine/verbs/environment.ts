import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CliContext } from '../../context.ts';
import type { ParsedFlags } from '../flags/interface.ts';
import { plain } from './files.ts';
import { pairs } from './pairs.ts';

type Where = Pick<CliContext, 'env' | 'cwd'>;

/** Files first, then `-e`; a name without a value takes that of this command's own environment, or goes. */
export async function environmentOf(flags: ParsedFlags, { env, cwd }: Where): Promise<readonly string[]> {
  const words: string[] = [];
  for (const file of flags.list('env-file')) words.push(...(await wordLines(file, cwd)).map(checkedWord));
  return [...words, ...flags.list('env')].flatMap((word) => {
    if (word.includes('=')) return [word];
    const own = env[word];
    return own === undefined ? [] : [`${word}=${own}`];
  });
}

export async function labelsOf(
  flags: ParsedFlags,
  { cwd }: Pick<Where, 'cwd'>,
): Promise<Readonly<Record<string, string>>> {
  const words: string[] = [];
  for (const file of flags.list('label-file')) words.push(...(await wordLines(file, cwd)));
  return pairs([...words, ...flags.list('label')]);
}

/** Lines that are neither empty nor comments; spaces before them do not count. */
async function wordLines(file: string, cwd: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readFile(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw plain(error, 'open', file);
  }
  return text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function checkedWord(word: string): string {
  const name = word.split('=', 1)[0] ?? '';
  if (name === '') throw new Error(`no variable name on line '${word}'`);
  if (/\s/.test(name)) throw new Error(`variable '${name}' contains whitespaces`);
  return word;
}
