import type { EngineCheck } from './check-data.ts';

/** The data folder, and a line for each thing that is or was wrong there. */
export function problemLines({ dataFolder, problems }: EngineCheck): string[] {
  return [
    dataFolder,
    ...problems.map(
      ({ problem, subject, detail, isRepaired }) =>
        `${problem}  ${subject}: ${detail}${isRepaired ? ' (mended)' : ''}`,
    ),
  ];
}

export function openProblems({ problems }: EngineCheck): number {
  return problems.filter(({ isRepaired }) => !isRepaired).length;
}

export function verdict(open: number): string {
  if (open === 0) return 'Nothing is wrong';
  return `${open} ${open === 1 ? 'thing is' : 'things are'} wrong`;
}
