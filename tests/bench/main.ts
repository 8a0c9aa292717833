/**
 * `npm run bench [name…]`: the Hub beside Debian's docker-registry, on one machine, with one client. Prints a table
 * and writes it with every single measurement to `bench-results/`. Ends with 1 where a goal is missed.
 */
import { join } from 'node:path';
import { openLab } from '../lab/peers.ts';
import { FULL_SIZE } from './contender.ts';
import { formatTable, isMet, writeResults } from './report.ts';
import { BENCHES, runBench } from './run-bench.ts';

const asked = process.argv.slice(2);
const say = (line: string): void => console.error(line);

await using lab = await openLab(undefined, { onProgress: say });
const results = await runBench(lab, {
  names: asked.length === 0 ? Object.keys(BENCHES) : asked,
  size: FULL_SIZE,
  onProgress: say,
});
const path = await writeResults(join(import.meta.dirname, '../../bench-results'), {
  size: FULL_SIZE,
  results,
});
console.log(`${formatTable(results)}\n\nWritten to ${path}`);
if (!results.every(isMet)) process.exitCode = 1;
