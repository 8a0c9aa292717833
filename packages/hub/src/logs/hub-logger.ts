import { type Logger, pino } from 'pino';
import type { RotatingFile } from './rotating-file.ts';

const REDACTED = [
  'req.headers.authorization',
  'req.headers.cookie',
  'headers.authorization',
  'password',
  'token',
];

/** Faults and warnings of the running Hub, as JSON lines with their stacks. */
export function hubLogger(file: RotatingFile): Logger {
  return pino(
    { level: 'info', base: null, redact: REDACTED, timestamp: pino.stdTimeFunctions.isoTime },
    file,
  );
}
