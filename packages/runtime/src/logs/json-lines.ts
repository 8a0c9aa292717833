export type LogStream = 'stdout' | 'stderr';

/** One line of a json-file log: a line of output, or a part of a long one (then without a line feed at its end). */
export interface LogEntry {
  readonly stream: LogStream;
  /** RFC3339Nano, as it was written. */
  readonly time: string;
  readonly bytes: Uint8Array;
}

/** What `JSON.stringify` leaves and Docker escapes: so do readers that compare bytes expect it. */
const NEEDS_ESCAPE = /[<>&\u2028\u2029]|\\[tbf]/;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\\t': '\\u0009',
  '\\b': '\\u0008',
  '\\f': '\\u000c',
};

/** `{"log":"…\n","stream":"stdout","time":"…"}` and a line feed: byte for byte Docker's json-file. */
export function formatEntry(text: string, end: string): string {
  const json = JSON.stringify(text);
  return `{"log":${NEEDS_ESCAPE.test(json) ? escapeMore(json) : json}${end}`;
}

/** What JSON cannot have as it is, but for the line feeds between lines. */
const NOT_PLAIN = /["\\<>&\u0000-\u0009\u000b-\u001f\u2028\u2029]/;

/** The same for many whole lines of one moment. */
export function formatLines(text: string, end: string): string {
  if (NOT_PLAIN.test(text))
    return text
      .slice(0, -1)
      .split('\n')
      .map((line) => formatEntry(`${line}\n`, end))
      .join('');
  // Most output is plain, and then one pass over all of it is enough.
  const between = `\\n"${end}{"log":"`;
  return `{"log":"${text.slice(0, -1).replaceAll('\n', () => between)}\\n"${end}`;
}

/** The part after the text; the same for all lines of one moment. */
export function entryEnd(stream: LogStream, time: string): string {
  return `,"stream":"${stream}","time":"${time}"}\n`;
}

/** `\\t` of a text with a backslash is two characters of it and stays: pairs are taken from the left. */
function escapeMore(json: string): string {
  return json.replace(/\\\\|[<>&\u2028\u2029]|\\[tbf]/g, (found) => {
    if (found === '\\\\') return found;
    return SHORT_ESCAPES[found] ?? `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** @returns `undefined`: torn by a crash, or none of ours */
export function parseEntry(line: string): LogEntry | undefined {
  let value: { log?: unknown; stream?: unknown; time?: unknown };
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { log, stream, time } = value;
  if (typeof log !== 'string' || typeof time !== 'string') return undefined;
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  return { stream, time, bytes: Buffer.from(log, 'utf8') };
}
