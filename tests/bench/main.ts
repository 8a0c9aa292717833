/**
 * `npm run bench [name…]`: the Hub beside Debian's docker-registry and the engine beside Debian's dockerd, on one machine, with one
 * client. Prints tables and writes them with every single measurement to `bench-results/`. Ends with 1 where a goal
 * is missed.
 */
import { join } from 'node:path';
import { openLab } from '../lab/peers.ts';
import { formatTable, isMet, writeResults } from './report.ts';
import { FULL_SIZES, runBench } from './run-bench.ts';

const say = (line: string): void => console.error(line);

await using lab = await openLab(undefined, { onProgress: say });
const groups = await runBench(lab, { names: process.argv.slice(2), sizes: FULL_SIZES, onProgress: say });
const folder = join(import.meta.dirname, '../../bench-results');
const path = await writeResults(folder, { sizes: FULL_SIZES, groups });
for (const group of groups) console.log(`${formatTable(group)}\n`);
console.log(`Written to ${path}`);
if (!groups.every(({ results }) => results.every(isMet))) process.exitCode = 1;
