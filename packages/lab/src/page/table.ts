import { escapeHtml } from './format.ts';

/** Plain text, or HTML that is ready. */
export type Cell = string | { readonly html: string };

export interface TableOptions {
  /** On a narrow screen each row becomes a block, its cells with their headers before them: for cells of sentences. */
  readonly stacks?: boolean;
  /** A row above the headers: each word stands over so many columns. */
  readonly groups?: readonly (readonly [text: string, columns: number])[];
  readonly caption?: string;
  /** Columns at the end that hold figures. */
  readonly figures?: number;
}

/** The first cell of a row is its header. */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions = {},
): string {
  const { stacks = false, groups, caption, figures = 0 } = options;
  const cell = (one: Cell, at: number) => {
    const label = stacks && at > 0 ? ` data-label="${escapeHtml(head[at] ?? '')}"` : '';
    const text = typeof one === 'string' ? escapeHtml(one) : one.html;
    return at === 0 ? `<th scope="row">${text}</th>` : `<td${kind(at)}${label}>${text}</td>`;
  };
  const kind = (at: number) => (at >= head.length - figures ? ' class="figure"' : '');
  const groupCells = (groups ?? []).map(([text, columns]) =>
    text === ''
      ? `<td colspan="${columns}"></td>`
      : `<th scope="colgroup" colspan="${columns}">${escapeHtml(text)}</th>`,
  );
  return [
    `<div class="table" tabindex="0"><table${stacks ? ' class="stacks"' : ''}>`,
    caption === undefined ? '' : `<caption>${escapeHtml(caption)}</caption>`,
    `<thead>${groups === undefined ? '' : `<tr class="groups">${groupCells.join('')}</tr>`}`,
    `<tr>${head.map((one, at) => `<th scope="col"${kind(at)}>${escapeHtml(one)}</th>`).join('')}</tr></thead>`,
    `<tbody>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('')}</tbody></table></div>`,
  ].join('');
}
