import type { Outcome } from './outcome.ts';

/** Suites that every storage driver runs, as `packages/storage` names them; the guest's stand below the guest's own. */
const SUITES = [
  [/(\w+) as a storage driver › (.+)$/, 'a storage driver'],
  [/the layer store over (\w+) › (.+)$/, 'the layer store over it'],
  [/the layer store over (\w+) after kill -9 › (.+)$/, 'the layer store over it after kill -9'],
  [/random trees over (\w+) › (?:\d+ )?(.+)$/, 'random trees over it'],
] as const;

const MARKS = { passed: '✓', failed: '✗', skipped: '–' } as const;
const NOT_RUN = '·';
/** What counts when a driver ran a case twice: here and in the guest. */
const WORST_FIRST = ['failed', 'passed', 'skipped'] as const;

/** Case × driver, over all the suites that drivers share. Nothing when fewer than two drivers were tested. */
export function driverTable(outcomes: readonly Outcome[]): string[] {
  const suites = new Map<string, Map<string, Map<string, Outcome['result']>>>();
  const drivers = new Set<string>();
  for (const { name, result } of outcomes) {
    for (const [pattern, suite] of SUITES) {
      const [, driver, test] = pattern.exec(name) ?? [];
      if (driver === undefined || test === undefined) continue;
      drivers.add(driver);
      const rows = at(suites, suite, () => new Map());
      const cells = at(rows, test, () => new Map());
      const known = cells.get(driver);
      const results = known === undefined ? [result] : [known, result];
      cells.set(driver, WORST_FIRST.find((each) => results.includes(each)) ?? result);
    }
  }
  if (drivers.size < 2) return [];

  const columns = [...drivers].sort();
  const lines = [
    '',
    `STORAGE DRIVERS, CASE BY CASE (${MARKS.passed} passed  ${MARKS.failed} failed  ${MARKS.skipped} skipped  ${NOT_RUN} not in this run)`,
  ];
  for (const [suite, rows] of suites) {
    lines.push('', `  ${columns.join('  ')}  ${suite}`);
    for (const [test, cells] of rows) {
      const marks = columns.map((driver) => {
        const result = cells.get(driver);
        return (result === undefined ? NOT_RUN : MARKS[result]).padEnd(driver.length);
      });
      lines.push(`  ${marks.join('  ')}  ${test}`);
    }
  }
  return lines;
}

function at<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
