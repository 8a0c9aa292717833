/** A difference of less than a fifth of the smaller figure counts as none, on all of the page. */
const CLEAR = 1.2;

export function isClearlyLess(less: number, more: number): boolean {
  return more > less && more > less * CLEAR;
}

/** How many times the least a figure is, where that can be said and tells something. */
export function timesOf(value: number, least: number): number | undefined {
  return least > 0 && isClearlyLess(least, value) ? value / least : undefined;
}
