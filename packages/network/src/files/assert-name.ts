import { NetworkError } from '../errors.ts';

/** One that would begin a line of its own in a file must not get there. @throws {NetworkError} `NAME_INVALID` */
export function assertNames(what: string, names: readonly string[]): void {
  const bad = names.find((name) => name === '' || /\s/.test(name) || name.includes('\0'));
  if (bad === undefined) return;
  throw new NetworkError(
    'NAME_INVALID',
    `Cannot use ${what} "${bad}": it is empty or has a space or a line break in it`,
  );
}
