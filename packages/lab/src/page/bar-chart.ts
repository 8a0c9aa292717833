import { escapeHtml } from './format.ts';

export interface BarSeries {
  readonly label: string;
  /** By the rows' order; `undefined` where there is nothing to draw. */
  readonly values: readonly (number | undefined)[];
}

export interface BarChart {
  readonly title: string;
  readonly rows: readonly { readonly label: string; readonly note?: string | undefined }[];
  readonly series: readonly BarSeries[];
  readonly format: (value: number) => string;
  /** Stands where a value is missing. */
  readonly missing: string;
}

const WIDTH = 760;
const LABEL_WIDTH = 130;
const VALUE_WIDTH = 110;
const BAR_HEIGHT = 14;
const BAR_GAP = 3;
const ROW_GAP = 12;

/** Bars beside each other from zero on one linear scale, each with its value. Colours come from the page (`--series-n`). */
export function barChart({ title, rows, series, format, missing }: BarChart): string {
  const largest = Math.max(...series.flatMap(({ values }) => values.map((value) => value ?? 0)), 0);
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const rowHeight = series.length * (BAR_HEIGHT + BAR_GAP) - BAR_GAP + ROW_GAP;
  const height = rows.length * rowHeight;
  const parts: string[] = [];
  for (const [row, { label, note }] of rows.entries()) {
    const top = row * rowHeight;
    const middle = top + (rowHeight - ROW_GAP) / 2;
    const x = LABEL_WIDTH - 10;
    if (note === undefined) parts.push(text(x, middle, label, 'end'));
    else parts.push(text(x, middle - 5, label, 'end'), text(x, middle + 7, note, 'end', 'aside'));
    for (const [at, { values }] of series.entries()) {
      const y = top + at * (BAR_HEIGHT + BAR_GAP);
      const value = values[row];
      // Something that was measured is seen, however small.
      const width =
        value === undefined || largest === 0 ? 0 : Math.max(1.5, (Math.max(0, value) / largest) * room);
      if (value !== undefined) {
        parts.push(
          `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="2" class="series-${at}"/>`,
        );
      }
      const shown = value === undefined ? missing : format(value);
      parts.push(text(LABEL_WIDTH + width + 6, y + BAR_HEIGHT / 2, shown, 'start', 'value'));
    }
  }
  const legend =
    series.length < 2
      ? ''
      : `<p class="legend">${series.map(({ label }, at) => `<span><i class="series-${at}"></i>${escapeHtml(label)}</span>`).join('')}</p>`;
  return [
    `<figure><figcaption>${escapeHtml(title)}</figcaption>${legend}`,
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}">${parts.join('')}</svg></figure>`,
  ].join('');
}

function text(
  x: number,
  y: number,
  content: string,
  anchor: 'start' | 'end',
  kind: 'label' | 'aside' | 'value' = 'label',
): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" dy="0.35em" text-anchor="${anchor}" class="${kind}">${escapeHtml(content)}</text>`;
}
