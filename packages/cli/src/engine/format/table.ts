import { printable } from '../../output/printable.ts';

/** A column of a list: its heading, its name in JSON, and its cell. `heading: undefined`: in JSON alone. */
export interface Column<T> {
  readonly name: string;
  readonly heading: string | undefined;
  readonly cell: (row: T) => string;
  /** In JSON, where that is no text. */
  readonly data?: (row: T) => unknown;
}

const MIN_WIDTH = 10;
const PADDING = 3;

/** Cells below each other as docker's tables have them: at least ten wide, three spaces between, nothing behind the last. */
export function tableText(
  rows: readonly (readonly string[])[],
  { minWidth = MIN_WIDTH }: { readonly minWidth?: number } = {},
): string {
  const cells = rows.map((row) => row.map((cell) => printable(cell.replaceAll(/[\n\t]/g, ' '))));
  const widths: number[] = [];
  for (const row of cells) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? minWidth, runes(cell) + PADDING);
    });
  }
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - runes(cell)),
        )
        .join(''),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** Docker counts characters, not the columns that a terminal gives them: what is compared must be equal. */
function runes(text: string): number {
  return [...text].length;
}

/** One JSON object with docker's names, in the order and with the escapes of Go. */
export function jsonRow(fields: Readonly<Record<string, unknown>>): string {
  return goJson(Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))));
}

export function goJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The first so many characters, the last of them an ellipsis when there were more. */
export function ellipsis(text: string, maxRunes: number): string {
  const characters = [...text];
  return characters.length <= maxRunes ? text : `${characters.slice(0, maxRunes - 1).join('')}…`;
}

/** The first 12 characters of an id, without `sha256:`. */
export function shortId(id: string): string {
  return id.slice(id.indexOf(':') + 1).slice(0, 12);
}
