import { once } from 'node:events';
import type { CliContext } from '../../context.ts';
import { printable } from '../../output/printable.ts';
import { isApiError } from '../client/api-error.ts';
import { type Column, goJson, jsonRow, tableText } from '../format/table.ts';

/**
 * Where a verb's answers go. With `--format json` each answer is one JSON line, and so is each error; what a container writes
 * stays as it is.
 */
export class VerbOutput {
  readonly isJson: boolean;
  readonly #context: CliContext;

  constructor(context: CliContext) {
    this.#context = context;
    this.isJson = context.printer.format === 'json';
  }

  /** One answer: a line of text, or the data. */
  line(text: string, data: unknown = text): void {
    this.#context.stdout.write(this.isJson ? `${escaped(goJson(data))}\n` : `${printable(text)}\n`);
  }

  /** A list with docker's columns; in JSON all of them, one object to a line. */
  table<T>(
    rows: readonly T[],
    columns: readonly Column<T>[],
    options: { readonly isQuiet?: boolean } = {},
  ): void {
    const { stdout } = this.#context;
    if (this.isJson) {
      for (const row of rows) stdout.write(`${escaped(jsonOf(row, columns))}\n`);
      return;
    }
    if (options.isQuiet === true) {
      for (const row of rows) stdout.write(`${printable(columns[0]?.cell(row) ?? '')}\n`);
      return;
    }
    const shown = columns.filter(({ heading }) => heading !== undefined);
    const heads = shown.map(({ heading }) => heading ?? '');
    stdout.write(tableText([heads, ...rows.map((row) => shown.map(({ cell }) => cell(row)))]));
  }

  /** Text without an answer in it: a question, a heading. Nothing in JSON. */
  say(text: string): void {
    if (!this.isJson) this.#context.stdout.write(printable(text));
  }

  /** For people alone, on standard error. Nothing in JSON. */
  note(text: string): void {
    if (!this.isJson) this.#context.stderr.write(`${printable(text)}\n`);
  }

  /** Something went wrong and the verb goes on. */
  error(error: unknown): void {
    const message = isApiError(error) ? error.words : error instanceof Error ? error.message : String(error);
    const { stderr } = this.#context;
    if (!this.isJson) stderr.write(`${printable(message)}\n`);
    else stderr.write(`${escaped(JSON.stringify({ error: { code: codeOf(error), message } }))}\n`);
  }

  /** JSON as the engine wrote it; not a byte of it may steer the terminal. */
  json(text: string): void {
    this.#context.stdout.write(`${escaped(text)}\n`);
  }

  /** Bytes exactly as they are; resolves when there is room for more. */
  async bytes(bytes: Uint8Array, stream: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    const target = this.#context[stream];
    if (!target.write(bytes)) await once(target, 'drain', { signal: this.#context.signal });
  }
}

function jsonOf<T>(row: T, columns: readonly Column<T>[]): string {
  return jsonRow(Object.fromEntries(columns.map(({ name, cell, data = cell }) => [name, data(row)])));
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'INTERNAL';
}

/** The newer half of the control characters and what turns the direction of writing, as JSON may write them. */
function escaped(json: string): string {
  return json.replaceAll(
    /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
