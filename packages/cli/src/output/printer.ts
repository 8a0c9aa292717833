import type { PlainError } from '@berth/errors';
import { oneLine, printable, printableJson } from './printable.ts';

export type OutputFormat = 'text' | 'json';

/**
 * The one thing that writes to standard output and standard error. Handlers hand it data and a function that
 * puts the data into words; which of the two is written depends on `--format`. Images and registries may say what
 * they like, but not to the terminal: nothing that steers it gets through, except by `raw`.
 */
export interface Printer {
  readonly format: OutputFormat;
  /** The answer of a command, on standard output: one JSON document, or the text. */
  result(data: unknown, text: () => string): void;
  /** One of many answers, on standard output: one JSON line, or one line of text. */
  record(data: unknown, text: () => string): void;
  /** Bytes exactly as they are, on standard output, whatever the format: a manifest to hash. */
  raw(bytes: Uint8Array): void;
  /** For people alone, on standard error; nothing with `--format json`. */
  note(text: string): void;
  /** On standard error: `berth: …` and a line with the next step, or one JSON line. */
  error(error: PlainError): void;
}

export interface PrinterStreams {
  readonly stdout: { write(data: string | Uint8Array): unknown };
  readonly stderr: { write(text: string): unknown };
}

export function createPrinter(format: OutputFormat, { stdout, stderr }: PrinterStreams): Printer {
  const isJson = format === 'json';
  return {
    format,
    result: (data, text) =>
      void stdout.write(isJson ? `${printableJson(data, 2)}\n` : withNewline(printable(text()))),
    record: (data, text) =>
      void stdout.write(isJson ? `${printableJson(data)}\n` : withNewline(printable(text()))),
    raw: (bytes) => void stdout.write(bytes),
    note: (text) => void (isJson || stderr.write(withNewline(printable(text)))),
    error: (error) => void stderr.write(isJson ? `${printableJson({ error })}\n` : errorText(error)),
  };
}

function errorText({ message, hint }: PlainError): string {
  const said = `berth: ${oneLine(message)}\n`;
  return hint === undefined ? said : `${said}       ${oneLine(hint)}\n`;
}

function withNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
