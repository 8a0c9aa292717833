const DECIMAL = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Powers of 1000 with so many significant digits, as docker prints sizes: `10.5MB`. */
export function humanSize(bytes: number, digits = 4): string {
  return scaled(bytes, { base: 1000, units: DECIMAL, digits });
}

/** Powers of 1024: `1.953GiB`. */
export function humanMemory(bytes: number): string {
  return scaled(bytes, { base: 1024, units: BINARY, digits: 4 });
}

function scaled(
  bytes: number,
  {
    base,
    units,
    digits,
  }: { readonly base: number; readonly units: readonly string[]; readonly digits: number },
): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit += 1;
  }
  // Go's %g: no zeros at the end, and a rounded 999.96 is 1000 in the same unit.
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}
