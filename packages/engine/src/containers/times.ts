/** What Docker writes for "never". */
export const NEVER = '0001-01-01T00:00:00Z';

/** RFC 3339 as Go writes it: zeros at the end of the fraction left away. */
export function timeText(date: Date): string {
  return date.toISOString().replace(/\.?0+Z$/, 'Z');
}
