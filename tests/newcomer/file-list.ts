import { mustRun } from '../lab/command.ts';

/** Path → kind, mode, and for what is no folder also size and time. */
export type FileList = ReadonlyMap<string, string>;

/**
 * All files below a folder, without the given ones and all that is below them. The size and time of a folder tell only that
 * something in it came and went, so they are left out.
 */
export async function listFiles(root: string, without: readonly string[]): Promise<FileList> {
  const pruned = without.flatMap((path) => ['-path', `${root}/${path}`, '-prune', '-o']);
  const format = [
    '(',
    '-type',
    'd',
    '-printf',
    '%P\t%y %m %U:%G\n',
    '-o',
    '-printf',
    '%P\t%y %m %U:%G %s %T@\n',
    ')',
  ];
  const { stdout } = await mustRun(['find', root, '-xdev', ...pruned, ...format]);
  return new Map(
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t') as [string, string]),
  );
}

/** One line for each path that came, went or changed. */
export function differences(before: FileList, after: FileList): string[] {
  const lines: string[] = [];
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(path), after.get(path)];
    if (was === is) continue;
    lines.push(
      was === undefined ? `new: /${path}` : is === undefined ? `gone: /${path}` : `changed: /${path}`,
    );
  }
  return lines.sort();
}
