/** Binary units, since file systems count in them: `1.0 GiB`, `8 KiB`, `0`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  if (value === 0) return '0';
  return `${bytes < 0 ? '−' : ''}${value >= 9.95 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `0.42 ms`, `31 ms`, `4.2 s` */
export function msText(ms: number): string {
  if (ms >= 999.5) return `${(ms / 1000).toFixed(ms >= 9950 ? 0 : 1)} s`;
  if (ms >= 9.95) return `${Math.round(ms)} ms`;
  return `${ms.toFixed(ms >= 0.995 ? 1 : 2)} ms`;
}

/** `3.1`, `120`, `260,000` */
export function factorText(factor: number): string {
  if (factor < 9.95) return factor.toFixed(1);
  return Number(factor.toPrecision(2)).toLocaleString('en');
}

/** `2`, `2.2`, `1,000.5`: of things that are whole, with what is over. */
export function countText(count: number): string {
  return count.toLocaleString('en', { maximumFractionDigits: 1 });
}

/** `2026-11-27 05:50 UTC` of a time as JSON has it. */
export function momentText(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')}${time.endsWith('Z') ? ' UTC' : ''}`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
