const WIDTH = 50;
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** The drawn form beside `progressDetail`, for clients that draw none: `[====>   ]  1.2MB/4MB`. @see moby: pkg/jsonmessage */
export function progressBar(current: number, total: number | undefined): string {
  if (total === undefined || total <= 0) return `${humanSize(current).padStart(8)}`;
  const part = Math.min(Math.max(current / total, 0), 1);
  const filled = Math.floor(part * WIDTH);
  const bar = filled >= WIDTH ? `${'='.repeat(WIDTH)}>` : `${'='.repeat(filled)}>`.padEnd(WIDTH);
  return `[${bar}]  ${humanSize(current)}/${humanSize(total)}`;
}

/** Four digits and a decimal unit: `1.234MB`. @see docker/go-units: HumanSize */
export function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(4))}${UNITS[unit]}`;
}
