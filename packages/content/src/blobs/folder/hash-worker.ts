/**
 * The hash worker: it reads files that are being written, as far as they are, and hashes them. The writer's thread
 * only moves bytes then, which is as much work as hashing is.
 *
 * Its first message says that its code is loaded; every later one answers one `digest`.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { HashAnswer, HashCall } from './hash-messages.ts';

const BUFFER_BYTES = 256 * 1024;

interface Followed {
  readonly path: string;
  readonly hash: Hash;
  hashed: number;
  isLost: boolean;
}

const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
const files = new Map<number, Followed>();

/** The file is open only meanwhile: thousands of uploads that wait must not hold one each. */
function advance(file: Followed, end: number): void {
  const descriptor = openSync(file.path, 'r');
  try {
    while (file.hashed < end) {
      const length = Math.min(buffer.length, end - file.hashed);
      const bytesRead = readSync(descriptor, buffer, 0, length, file.hashed);
      if (bytesRead === 0) throw new Error(`"${file.path}" ends after ${file.hashed} bytes`);
      file.hash.update(buffer.subarray(0, bytesRead));
      file.hashed += bytesRead;
    }
  } finally {
    closeSync(descriptor);
  }
}

function follow(id: number, end: number): Followed | undefined {
  const file = files.get(id);
  if (file === undefined || file.isLost) return undefined;
  try {
    advance(file, end);
    return file;
  } catch {
    // Whoever commits reads the file again and gets the error itself, where it can be told.
    file.isLost = true;
    return undefined;
  }
}

function run(call: HashCall): HashAnswer | undefined {
  switch (call.type) {
    case 'open':
      files.set(call.id, { path: call.path, hash: createHash('sha256'), hashed: 0, isLost: false });
      return undefined;
    case 'follow':
      follow(call.id, call.end);
      return undefined;
    case 'digest': {
      const file = follow(call.id, call.end);
      return { hex: file?.hashed === call.end ? file.hash.copy().digest('hex') : undefined };
    }
    case 'close':
      files.delete(call.id);
      return undefined;
    default:
      throw new Error(`The hash worker knows no call ${JSON.stringify(call satisfies never)}`);
  }
}

if (parentPort === null) throw new Error('The hash worker must be started as a worker thread');
const port = parentPort;
port.on('message', (call: HashCall) => {
  const answer = run(call);
  if (answer !== undefined) port.postMessage(answer);
});
port.postMessage({ hex: undefined } satisfies HashAnswer);
