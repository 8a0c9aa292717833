/**
 * The tree worker: one job at a time. It is ended by being told so and never terminated, since it calls the system by
 * FFI. All its code is loaded before its first message: from inside a jail nothing can be imported.
 */
import { parentPort } from 'node:worker_threads';
import { toPlainError } from '@berth/errors';
import { findChanges } from '../compare/find-changes.ts';
import { measure } from '../compare/measure.ts';
import { measureDifference } from '../compare/measure-difference.ts';
import { writeDiff } from '../compare/write-diff.ts';
import { asStorageError } from '../failure.ts';
import { settleLayer } from '../settle/settle-layer.ts';
import { rebuildTar } from '../tar-split/rebuild-tar.ts';
import { unpackLayer } from '../unpack/unpack-layer.ts';
import { CancelFlag } from './cancel-flag.ts';
import type { FromWorker, ToWorker, TreeJob, TreeJobType } from './messages.ts';
import { JobInput, JobOutput } from './worker-streams.ts';

if (parentPort === null) throw new Error('The tree worker must be started as a worker thread');
const port = parentPort;

interface Running {
  readonly cancel: CancelFlag;
  readonly input: JobInput;
  readonly output: JobOutput;
}

let running: Running | undefined;

async function work(job: TreeJob, { cancel, input, output }: Running): Promise<unknown> {
  switch (job.type) {
    case 'unpack':
      return await unpackLayer(job, input, cancel);
    case 'settle':
      return settleLayer(job, cancel);
    case 'changes':
      return findChanges(job.difference, cancel);
    case 'diff':
      return await output.writeAll(writeDiff(job.difference, cancel));
    case 'rebuild':
      return await output.writeAll(rebuildTar(job.folder, job.tarSplitPath, cancel));
    case 'size':
      return measure(job.folder, cancel);
    case 'difference-size':
      return measureDifference(job.difference, cancel);
    default:
      throw new Error(`The tree worker knows no job ${JSON.stringify(job satisfies never)}`);
  }
}

const DOING: Readonly<Record<TreeJobType, string>> = {
  unpack: 'unpack into',
  settle: 'settle',
  changes: 'compare',
  diff: 'compare',
  rebuild: 'give back the tar of',
  size: 'measure',
  'difference-size': 'compare',
};

function folderOf(job: TreeJob): string {
  if ('folder' in job) return job.folder.path;
  return 'changes' in job.difference ? job.difference.changes.path : job.difference.upper;
}

async function run({ job, cancel: cell, slots }: Extract<ToWorker, { type: 'run' }>): Promise<void> {
  const cancel = new CancelFlag(cell);
  running = { cancel, input: new JobInput(port, cancel, slots), output: new JobOutput(port, cancel) };
  let answer: FromWorker;
  try {
    answer = { type: 'done', result: await work(job, running) };
  } catch (error) {
    const told = asStorageError(error, { doing: DOING[job.type], entry: folderOf(job) });
    answer = { type: 'failed', error: toPlainError(told) };
  }
  running = undefined;
  port.postMessage(answer);
}

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'run':
      void run(message);
      return;
    case 'chunk':
      running?.input.push(message.slot, message.length);
      return;
    case 'end':
      running?.input.end();
      return;
    case 'cancel':
      running?.input.wake();
      running?.output.wake();
      return;
    case 'credit':
      running?.output.credit(message.bytes);
      return;
    case 'close':
      port.close();
      return;
    default:
      throw new Error(`The tree worker was sent ${JSON.stringify(message satisfies never)}`);
  }
});
port.postMessage({ type: 'ready' } satisfies FromWorker);
