import { relative } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';
import type { Outcome } from './outcome.ts';

export interface RunFilesOptions {
  readonly top: string;
  /** Files side by side; 1 for tests that need the machine for themselves. */
  readonly concurrency: number;
  /** Limit for one file. */
  readonly timeoutMs: number;
  /** Only tests whose name matches. */
  readonly namePattern?: string;
  readonly onFileDone?: (line: {
    readonly file: string;
    readonly outcomes: readonly Outcome[];
    readonly notes: readonly string[];
    readonly ms: number;
  }) => void;
  readonly signal?: AbortSignal;
}

/** The parts of node:test's events that are read here. */
interface TestEvent {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string;
  readonly entryFile?: string;
  readonly testId?: number;
  readonly parentId?: number;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly details: {
    readonly duration_ms: number;
    readonly type?: string;
    readonly passed: boolean;
    readonly error?: Error & { readonly failureType?: string };
  };
}

interface FileRecord {
  readonly outcomes: Outcome[];
  readonly names: Map<number, { readonly name: string; readonly parent: number }>;
  output: string;
  /** What tests said with `t.diagnostic()`: figures, mostly. */
  readonly notes: string[];
  own?: TestEvent;
}

/**
 * Runs test files, each in a process of its own, and gives one outcome per test.
 *
 * A file that holds no test at all counts as failed: nothing may be quietly empty. After an abort the processes
 * are ended and the outcomes so far are given.
 */
export async function runFiles(files: readonly string[], options: RunFilesOptions): Promise<Outcome[]> {
  if (files.length === 0) return [];
  const records = new Map<string, FileRecord>();
  const recordOf = (file: string): FileRecord => {
    const known = records.get(file);
    if (known !== undefined) return known;
    const record: FileRecord = { outcomes: [], names: new Map(), output: '', notes: [] };
    records.set(file, record);
    return record;
  };
  for (const file of files) recordOf(file);
  const stream = run({
    files: [...files],
    concurrency: options.concurrency,
    timeout: options.timeoutMs,
    isolation: 'process',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    ...(options.namePattern === undefined ? {} : { testNamePatterns: options.namePattern }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  for await (const event of stream) {
    if (event.type === 'test:stdout' || event.type === 'test:stderr') {
      const record = recordOf(ownerOf(event.data));
      // Enough to understand a failure; a test that prints megabytes may not fill our memory.
      if (record.output.length < 64_000) record.output += event.data.message;
    }
    if (event.type === 'test:enqueue') {
      const data = event.data as unknown as TestEvent;
      if (data.testId !== undefined) {
        recordOf(ownerOf(data)).names.set(data.testId, { name: data.name, parent: data.parentId ?? 0 });
      }
    }
    if (event.type === 'test:diagnostic' && (event.data as { entryFile?: string }).entryFile !== undefined) {
      recordOf(ownerOf(event.data)).notes.push(event.data.message);
    }
    if (event.type !== 'test:complete') continue;
    const data = event.data as unknown as TestEvent;
    const record = recordOf(ownerOf(data));
    if (isFileItself(data)) {
      record.own = data;
      const file = relative(options.top, ownerOf(data));
      options.onFileDone?.({
        file,
        outcomes: fileOutcomes(file, record),
        notes: record.notes,
        ms: data.details.duration_ms,
      });
    } else if (data.details.type !== 'suite' || !data.details.passed || isSkipped(data)) {
      const outcome = outcomeOf(data, { record, top: options.top });
      if (outcome !== undefined) record.outcomes.push(outcome);
    }
  }
  return [...records].flatMap(([file, record]) => fileOutcomes(relative(options.top, file), record));
}

function ownerOf(data: { readonly entryFile?: string; readonly file?: string }): string {
  return data.entryFile ?? data.file ?? '';
}

/** node:test tells of each file as if it were a test named by its path. */
function isFileItself(data: TestEvent): boolean {
  return data.nesting === 0 && data.entryFile === undefined && data.name === data.file;
}

function outcomeOf(
  data: TestEvent,
  options: { readonly record: FileRecord; readonly top: string },
): Outcome | undefined {
  // A parent that failed only because a child did is told by the child.
  if (data.details.error?.failureType === 'subtestsFailed') return undefined;
  const file = relative(options.top, ownerOf(data));
  const base = { file, name: fullName(data, options.record), again: `npm test -- ${file}` };
  if (isSkipped(data)) {
    return { ...base, result: 'skipped', reason: data.skip === true ? 'no reason given' : data.skip };
  }
  if (data.details.passed) return { ...base, result: 'passed' };
  return { ...base, result: 'failed', reason: describe(data.details.error) };
}

/** A suite that is skipped stands for all that is in it: nothing of that is told. */
function isSkipped(data: TestEvent): data is TestEvent & { readonly skip: string | true } {
  return data.skip !== undefined && data.skip !== false;
}

function fullName(data: TestEvent, record: FileRecord): string {
  const names = [data.name];
  for (let id = data.parentId ?? 0; id !== 0; ) {
    const parent = record.names.get(id);
    if (parent === undefined) break;
    names.unshift(parent.name);
    id = parent.parent;
  }
  return names.join(' › ');
}

function fileOutcomes(file: string, record: FileRecord): Outcome[] {
  const again = `npm test -- ${file}`;
  const failed = record.outcomes.some((one) => one.result === 'failed');
  if (record.own === undefined) {
    return [
      ...record.outcomes,
      { file, name: '(the file)', result: 'failed', reason: 'It did not finish', again },
    ];
  }
  if (!record.own.details.passed && !failed) {
    const reason = `${describe(record.own.details.error)}\n${record.output}`;
    return [...record.outcomes, { file, name: '(the file)', result: 'failed', reason, again }];
  }
  if (record.outcomes.length === 0) {
    return [{ file, name: '(the file)', result: 'failed', reason: 'There is no test in it', again }];
  }
  if (!failed || record.output === '') return record.outcomes;
  let shown = false;
  return record.outcomes.map((one) => {
    if (one.result !== 'failed' || shown) return one;
    shown = true;
    return { ...one, reason: `${one.reason ?? ''}\n--- output of the file ---\n${record.output}` };
  });
}

function describe(error: (Error & { readonly failureType?: string }) | undefined): string {
  if (error === undefined) return 'It failed without an error';
  const cause = error.cause;
  if (cause instanceof Error) return inspect(cause, { depth: 4 });
  return typeof cause === 'string' ? cause : inspect(error, { depth: 4 });
}
