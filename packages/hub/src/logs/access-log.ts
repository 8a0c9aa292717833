import type { AccessRecord } from '@berth/registry';
import type { RotatingFile } from './rotating-file.ts';

/** One JSON line per request, in the order in which they ended. */
export function accessLogger(file: RotatingFile): (record: AccessRecord) => void {
  const time = isoTimes();
  return (record) => file.write(accessLine(record, time(record.at)));
}

/**
 * Written out field by field: every answer pays for it, and `JSON.stringify` of an object costs more than all else
 * that a known answer takes.
 */
function accessLine(record: AccessRecord, at: string): string {
  const { method, path, status, bytesIn, bytesOut, subject, remoteAddress, userAgent, ms } = record;
  const who = subject === undefined ? '' : `,"subject":${JSON.stringify(subject)}`;
  const by = userAgent === undefined ? '' : `,"userAgent":${JSON.stringify(userAgent)}`;
  return `{"at":"${at}","method":"${method}","path":${JSON.stringify(path)},"status":${status},"bytesIn":${bytesIn},"bytesOut":${bytesOut}${who},"remoteAddress":${JSON.stringify(remoteAddress)}${by},"ms":${Math.round(ms * 100) / 100}}\n`;
}

/** Of the same millisecond the same text. */
function isoTimes(): (at: Date) => string {
  let last = Number.NaN;
  let text = '';
  return (at) => {
    const now = at.getTime();
    if (now !== last) text = at.toISOString();
    last = now;
    return text;
  };
}
