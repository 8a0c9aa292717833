import type { AccessRecord } from '@berth/registry';
import type { RotatingFile } from './rotating-file.ts';

/** One JSON line per request, in the order in which they ended. */
export function accessLogger(file: RotatingFile): (record: AccessRecord) => void {
  const line = accessLines();
  return (record) => file.write(line(record));
}

/**
 * Written out field by field, and only what has changed since the last line: every answer pays for it, and
 * `JSON.stringify` of an object costs more than all else that a known answer takes.
 */
function accessLines(): (record: AccessRecord) => string {
  let last: AccessRecord | undefined;
  let time = '';
  let request = '';
  return (record) => {
    if (last?.atMs !== record.atMs) time = new Date(record.atMs).toISOString();
    if (last === undefined || !isAlike(last, record)) request = requestOf(record);
    last = record;
    return `{"at":"${time}",${request},"ms":${Math.round(record.ms * 100) / 100}}\n`;
  };
}

function isAlike(a: AccessRecord, b: AccessRecord): boolean {
  return (
    a.path === b.path &&
    a.method === b.method &&
    a.status === b.status &&
    a.bytesIn === b.bytesIn &&
    a.bytesOut === b.bytesOut &&
    a.subject === b.subject &&
    a.remoteAddress === b.remoteAddress &&
    a.userAgent === b.userAgent
  );
}

function requestOf(record: AccessRecord): string {
  const { method, path, status, bytesIn, bytesOut, subject, remoteAddress, userAgent } = record;
  const fields = { method, path, status, bytesIn, bytesOut, subject, remoteAddress, userAgent };
  return JSON.stringify(fields).slice(1, -1);
}
