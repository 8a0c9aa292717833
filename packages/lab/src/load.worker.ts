/** One of several that read or write at once. It says that it is ready, waits to be let go, and says when it is done. */
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { Load } from './load.ts';

if (parentPort === null) throw new Error('The load must be started as a worker thread');
const port = parentPort;

const BLOCK_BYTES = 4096;
const READ_BYTES = 64 * 1024;

function write({ path, bytes, blocks, seed }: Extract<Load, { readonly type: 'write' }>): void {
  const block = Buffer.alloc(BLOCK_BYTES, seed);
  const fd = openSync(path, 'r+');
  const places = Math.floor(bytes / BLOCK_BYTES);
  // Far from each other and never one twice: a stride that shares no divisor with the number of places.
  const stride = Math.max(1, Math.floor(places / blocks)) | 1;
  for (let at = 0; at < blocks; at++) {
    writeSync(fd, block, 0, BLOCK_BYTES, ((seed + at * stride) % places) * BLOCK_BYTES);
  }
  fsyncSync(fd);
  closeSync(fd);
}

function read({ paths }: Extract<Load, { readonly type: 'read' }>): void {
  const buffer = Buffer.alloc(READ_BYTES);
  for (const path of paths) {
    const fd = openSync(path, 'r');
    while (readSync(fd, buffer) > 0);
    closeSync(fd);
  }
}

port.on('message', (load: Load | 'end') => {
  if (load === 'end') {
    port.close();
    return;
  }
  if (load.type === 'write') write(load);
  else read(load);
  port.postMessage('done');
});
port.postMessage('ready');
