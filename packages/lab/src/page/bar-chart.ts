import { escapeHtml } from './format.ts';

export interface Bar {
  /** `undefined` where there is nothing to draw: the text says why. */
  readonly value: number | undefined;
  readonly text: string;
}

export interface BarChart {
  readonly title: string;
  readonly driver: string;
  /** A name and what is said of it: `unpack: 3 s` */
  readonly colon: (name: string, text: string) => string;
  readonly rows: readonly { readonly label: string; readonly notes: readonly string[] }[];
  /** Bars by the rows' order. */
  readonly series: readonly { readonly label: string; readonly bars: readonly Bar[] }[];
}

/**
 * Bars beside each other from zero on one linear scale, each with its value; nothing has no bar. A table, so that it is one to those
 * who cannot see it, and that letters keep their size on a narrow screen. Colours come from the page (`--series-n`).
 */
export function barChart({ title, driver, colon, rows, series }: BarChart): string {
  const largest = Math.max(...series.flatMap(({ bars }) => bars.map(({ value }) => value ?? 0)), 0);
  const body = rows.map(({ label, notes }, row) => {
    const bars = series.map(({ bars: all, label: name }, at) => {
      const bar = all[row] ?? { value: undefined, text: '' };
      const share = largest === 0 ? 0 : Math.max(0, bar.value ?? 0) / largest;
      // Something that was measured is seen, however small.
      const drawn =
        share === 0
          ? ''
          : `<i class="series-${at}" style="--share:${Math.max(0.003, share).toFixed(4)}"></i>`;
      const spoken = series.length < 2 ? '' : `<span class="spoken">${escapeHtml(colon(name, ''))}</span>`;
      return `<div>${drawn}<span>${spoken}${escapeHtml(bar.text)}</span></div>`;
    });
    const below = notes.map((note) => `<small>${escapeHtml(note)}</small>`).join('');
    return `<tr><th scope="row">${escapeHtml(label)}${below}</th><td>${bars.join('')}</td></tr>`;
  });
  const legend =
    series.length < 2
      ? ''
      : `<p class="legend">${series.map(({ label }, at) => `<span><i class="series-${at}"></i>${escapeHtml(label)}</span>`).join('')}</p>`;
  return [
    `<figure><figcaption>${escapeHtml(title)}</figcaption>${legend}`,
    `<table class="bars"><thead class="spoken"><tr><th scope="col">${escapeHtml(driver)}</th><th scope="col">${escapeHtml(title)}</th></tr></thead>`,
    `<tbody>${body.join('')}</tbody></table></figure>`,
  ].join('');
}
