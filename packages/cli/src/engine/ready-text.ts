import { startWords } from '../hub/words/words.ts';
import { alignColumns, formatBytes } from '../output/columns.ts';
import type { Language } from '../output/language.ts';
import type { EngineReport } from './report.ts';

/** What a person needs to know of an engine that is ready: name and value, two columns. */
export function engineFacts(
  report: EngineReport,
  language: Language,
): readonly (readonly [string, string])[] {
  const words = startWords(language).engine;
  const running = report.containersRunning === 0 ? [] : [words.running(report.containersRunning)];
  return [
    [words.name, [report.address, ...running].join(', ')],
    [words.storage, `${report.driver} (${words.reason(report.driverReason)}), ${report.runtime}`],
    [words.images, `${report.dataFolder} (${startWords(language).free(formatBytes(report.freeBytes))})`],
  ];
}

export function engineText(report: EngineReport, language: Language): string {
  return alignColumns(engineFacts(report, language).map(([name, value]) => [`  ${name}`, value]));
}
