/**
 * The disk worker: one call after another, synchronously. It ends by itself when it is told to: a thread that calls the system by
 * FFI must never be terminated.
 */
import { parentPort } from 'node:worker_threads';
import { hasCode, type PlainError, toPlainError } from '@berth/errors';
import { copyTree } from './copy-tree.ts';
import { linkTree } from './link-tree.ts';
import { measureTree } from './measure-tree.ts';
import type { DiskAnswer, DiskCall, DiskMessage } from './messages.ts';
import { removeTree } from './remove-tree.ts';
import { stripAttributes } from './strip-attributes.ts';
import type { WalkBudget } from './walk.ts';

class Cancelled extends Error {
  override readonly name = 'AbortError';
}

class CancelFlag implements WalkBudget {
  readonly #flag: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#flag = new Int32Array(memory);
  }

  spend(): void {
    if (Atomics.load(this.#flag, 0) !== 0) throw new Cancelled();
  }
}

function run(call: DiskCall): number | boolean {
  const budget = new CancelFlag(call.cancel);
  switch (call.type) {
    case 'copy':
      return copyTree(call.source, call.target, { ...call, budget });
    case 'link':
      linkTree(call.source, call.target, budget);
      return 0;
    case 'strip':
      stripAttributes(call.path, budget);
      return 0;
    case 'remove':
      return removeTree(call.path, budget);
    case 'measure':
      return measureTree(call.path, budget, call);
    default:
      throw new Error(`The disk worker knows no call ${JSON.stringify(call satisfies never)}`);
  }
}

/** Errors of the file system keep their code, which the other side looks at. */
function toFailure(error: unknown): PlainError {
  const plain = toPlainError(error);
  return plain.code === 'INTERNAL' && hasCode(error) ? { ...plain, code: error.code } : plain;
}

const port = parentPort;
if (port === null) throw new Error('The disk worker must be started as a worker thread');
port.on('message', (message: DiskMessage) => {
  if (message.type === 'end') return port.close();
  let answer: DiskAnswer;
  try {
    answer = { id: message.id, ok: true, result: run(message) };
  } catch (error) {
    answer = { id: message.id, ok: false, failure: toFailure(error) };
  }
  port.postMessage(answer);
});
