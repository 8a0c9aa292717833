/**
 * Runs test files in this process and tells of each test, one JSON value a line, as it ends. Without files it does nothing, so that its
 * own can be compiled before.
 */
import { run } from 'node:test';
import { inspect } from 'node:util';
import type { SuiteLine } from './suite-lines.ts';

interface TestEvent {
  readonly name: string;
  readonly testId?: number;
  readonly parentId?: number;
  readonly skip?: string | boolean;
  readonly details: { readonly type?: string; readonly passed: boolean; readonly error?: Error };
}

/** What node:test says at its end: whoever asked counts for themselves. */
const COUNTS = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;

const files = process.argv.slice(2);
if (files.length > 0) await tell(files);

async function tell(paths: readonly string[]): Promise<void> {
  const names = new Map<number, { readonly name: string; readonly parent: number }>();
  // In this process: emulated, another one takes seconds to start.
  for await (const event of run({ files: [...paths], isolation: 'none', concurrency: false })) {
    if (event.type === 'test:diagnostic' && !COUNTS.test(event.data.message))
      write({ note: event.data.message });
    const data = event.data as unknown as TestEvent;
    if (event.type === 'test:enqueue' && data.testId !== undefined)
      names.set(data.testId, { name: data.name, parent: data.parentId ?? 0 });
    if (event.type !== 'test:complete') continue;
    const { skip, details } = data;
    const isSkipped = skip !== undefined && skip !== false;
    // A suite is told of by its tests, unless it has not run any.
    if (details.type === 'suite' && details.passed && !isSkipped) continue;
    write({
      test: fullName(data, names),
      ...(isSkipped ? { skipped: skip === true ? 'no reason given' : skip } : {}),
      ...(details.passed ? {} : { failed: textOf(details.error) }),
    });
  }
}

function fullName(data: TestEvent, names: ReadonlyMap<number, { name: string; parent: number }>): string[] {
  const path = [data.name];
  for (let id = data.parentId ?? 0; id !== 0; ) {
    const above = names.get(id);
    if (above === undefined) break;
    path.unshift(above.name);
    id = above.parent;
  }
  return path;
}

function textOf(error: unknown): string {
  const cause = (error as Error | undefined)?.cause ?? error;
  // `inspect` says nothing of the two errors that are in one of these.
  if (!(cause instanceof SuppressedError)) return inspect(cause, { depth: 4 });
  return `${textOf(cause.suppressed)}\n--- and then, when it let go of what it had ---\n${textOf(cause.error)}`;
}

function write(line: SuiteLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
