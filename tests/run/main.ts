import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { whyNoPeers } from '../lab/machine.ts';
import { PEERS } from '../lab/package-sets.ts';
import { bringPackages } from '../lab/packages.ts';
import { filterFiles, findIntegrationTests, findUnitTests } from './find-tests.ts';
import { type Outcome, tally } from './outcome.ts';
import { fileLine, summary } from './report.ts';
import { runCommand } from './run-command.ts';
import { runFiles } from './run-files.ts';

const USAGE = 'Usage: npm test -- [filter…] [--seed n] [--name pattern] (all | unit | soak | graph)';
const MODES = ['all', 'unit', 'soak', 'graph'] as const;
type Mode = (typeof MODES)[number];

const top = join(import.meta.dirname, '..', '..');

/** A run of the tests: what is asked for, in which order, and what is printed. */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { seed: { type: 'string' }, name: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    console.log(USAGE);
    return 0;
  }
  const [first, ...rest] = positionals;
  const mode = MODES.find((known) => known === first);
  if (mode === undefined) {
    console.error(`Cannot run tests: expected one of ${MODES.join(', ')}, got "${first ?? ''}"\n${USAGE}`);
    return 2;
  }
  const seed = values.seed ?? process.env.BERTH_SEED ?? String(randomInt(1, 2 ** 31));
  // Read by the test files: they are processes of their own.
  process.env.BERTH_SEED = seed;
  if (mode === 'soak') process.env.BERTH_SOAK = '1';

  const started = performance.now();
  console.log(`Berth's tests: ${mode}, seed ${seed}, Node ${process.versions.node}`);
  const outcomes = await runMode(mode, {
    filters: rest,
    ...(values.name === undefined ? {} : { name: values.name }),
  });
  for (const line of summary(outcomes, { seed, ms: performance.now() - started })) console.log(line);
  const { passed, failed } = tally(outcomes);
  return failed > 0 || passed === 0 ? 1 : 0;
}

interface Choice {
  readonly filters: readonly string[];
  /** Only tests whose name matches this. */
  readonly name?: string;
}

async function runMode(mode: Mode, choice: Choice): Promise<Outcome[]> {
  const integration = filterFiles(await findIntegrationTests(top), { top, filters: choice.filters });
  const isGraph = (file: string) => file.startsWith(join(top, 'tests', 'graph'));
  if (mode === 'graph') return await runGroup(integration.filter(isGraph), { concurrency: 1, mode, choice });

  const units = filterFiles(await findUnitTests(top), { top, filters: choice.filters });
  if (mode === 'unit') return await runGroup(units, { concurrency: 2, mode, choice });

  const outcomes: Outcome[] = [];
  if (choice.filters.length === 0 && choice.name === undefined) outcomes.push(...(await runTools()));
  outcomes.push(...(await runGroup(integration.filter(isGraph), { concurrency: 1, mode, choice })));
  outcomes.push(...(await runGroup(units, { concurrency: 2, mode, choice })));
  const others = integration.filter((file) => !isGraph(file));
  if (others.length > 0) await prepareLab();
  outcomes.push(...(await runGroup(others, { concurrency: 1, mode, choice })));
  return outcomes;
}

async function runTools(): Promise<Outcome[]> {
  const tool = (name: string) => join(top, 'node_modules', '.bin', name);
  const outcomes: Outcome[] = [];
  const runs = [
    { name: 'types', command: [tool('tsc'), '-p', '.'], again: 'npm run types' },
    { name: 'types of the pages', command: [tool('tsc'), '-p', 'packages/web'], again: 'npm run types' },
    {
      name: 'lint',
      command: [tool('biome'), 'ci', '--colors=off', '--error-on-warnings', '.'],
      again: 'npm run lint',
    },
  ] as const;
  for (const { name, command, again } of runs) {
    const started = performance.now();
    const outcome = await runCommand(name, { top, command, again });
    outcomes.push(outcome);
    console.log(fileLine(name, { outcomes: [outcome], ms: performance.now() - started }));
  }
  return outcomes;
}

/** The first download takes a while: it is told here, not hidden inside the first test that needs it. */
async function prepareLab(): Promise<void> {
  const reason = await whyNoPeers();
  if (reason !== undefined) return;
  try {
    await bringPackages(PEERS, { onProgress: (line) => console.log(`     ${line}`) });
  } catch (error) {
    console.log(`     the peers could not be brought: ${error instanceof Error ? error.message : error}`);
  }
}

async function runGroup(
  files: readonly string[],
  options: { readonly concurrency: number; readonly mode: Mode; readonly choice: Choice },
): Promise<Outcome[]> {
  const outcomes = await runFiles(files, {
    top,
    concurrency: options.concurrency,
    timeoutMs: options.mode === 'soak' ? 3 * 3_600_000 : 15 * 60_000,
    ...(options.choice.name === undefined ? {} : { namePattern: options.choice.name }),
    onFileDone: ({ file, outcomes: done, notes, ms }) => {
      console.log(fileLine(file, { outcomes: done, ms }));
      for (const note of notes) console.log(`     · ${note}`);
    },
  });
  return options.choice.name === undefined
    ? outcomes
    : outcomes.filter((one) => one.reason !== 'There is no test in it');
}

process.exitCode = await main(process.argv.slice(2));
