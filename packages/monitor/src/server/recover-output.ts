import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { LogWriter } from '@berth/runtime/supervision';
import type { LogSettings } from '../interface.ts';
import type { PendingOutput } from './in-flight.ts';
import { restPaths } from './output-recorder.ts';
import { readRest, writeRest } from './rest-file.ts';

/**
 * Writes to the log what a monitor had taken from a FIFO when it was killed, and nothing that it had written before that.
 * Called once, before anything is read again.
 */
export function recoverOutput(
  pending: PendingOutput,
  options: { readonly folder: string; readonly log: LogSettings },
): void {
  const { folder, log } = options;
  if (log.driver === 'none') return;
  const { stream, seq } = pending;
  const path = restPaths(folder)[stream];
  const rest = readRest(path);
  // The log was written, and the rest of it kept; only the mark was not taken away.
  if (rest?.seq === seq) return;
  const written = wholeLinesSince(log.path, pending.logSize);
  using writer = new LogWriter(log);
  const splitter = writer.unfinished(stream);
  if (rest !== undefined) splitter.restore(rest.bytes, rest.isInsideLine);
  writer.write(stream, pending.bytes, { skipParts: written });
  if (rest !== undefined || splitter.rest.length > 0 || splitter.isInsideLine)
    writeRest(path, { seq, isInsideLine: splitter.isInsideLine, bytes: splitter.rest });
}

const LINE_FEED = 10;

/** Lines behind `size`. A write that was cut off by the kill leaves half a line, which is taken away. */
function wholeLinesSince(path: string, size: number): number {
  let fd: number;
  try {
    fd = openSync(path, 'r+');
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return 0;
    throw error;
  }
  try {
    const added = fstatSync(fd).size - size;
    if (added <= 0) return 0;
    const bytes = Buffer.alloc(added);
    const length = readSync(fd, bytes, 0, added, size);
    let lines = 0;
    let end = 0;
    for (let at = 0; at < length; at++) {
      if (bytes[at] !== LINE_FEED) continue;
      lines++;
      end = at + 1;
    }
    ftruncateSync(fd, size + end);
    return lines;
  } finally {
    closeSync(fd);
  }
}
