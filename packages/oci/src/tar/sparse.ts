import { OciError } from '../errors.ts';
import type { SparseFragment, TarEntry, TarItem } from './entry.ts';
import { BLOCK_SIZE } from './header.ts';
import { showName } from './name-bytes.ts';
import { type Field, parseDecimal, readNumber } from './numeric.ts';
import type { TarPlace } from './place.ts';

/** Numbers of a map, `offset, length, offset, length …`, as any of the four notations gives them. */
export type SparseNumbers = readonly number[];

/**
 * Makes fragments of a map's numbers.
 * @throws {OciError} `TAR_INVALID` when they overlap, go backwards, pass the end of the file, or do not add up to
 *   the bytes that are stored
 */
export function sparseFragments(
  numbers: SparseNumbers,
  {
    size,
    storedBytes,
    place,
  }: { readonly size: number; readonly storedBytes: number; readonly place: TarPlace },
): readonly SparseFragment[] {
  if (numbers.length % 2 !== 0) throw place.error('the sparse map has an offset without a length');
  const fragments: SparseFragment[] = [];
  let end = 0;
  let sum = 0;
  for (let index = 0; index < numbers.length; index += 2) {
    const offset = numbers[index] ?? 0;
    const length = numbers[index + 1] ?? 0;
    if (offset < end || length < 0 || offset + length > size) {
      throw place.error(
        `the sparse map has a run of ${length} bytes at ${offset}, after ${end} and in a file of ${size}`,
      );
    }
    end = offset + length;
    sum += length;
    if (length > 0) fragments.push({ offset, length });
  }
  if (sum !== storedBytes)
    throw place.error(`the sparse map speaks of ${sum} stored bytes, but there are ${storedBytes}`);
  return fragments;
}

/** Old GNU notation: four pairs in the header at 386, 21 in each block that follows while the flag byte is set. */
export function readOldGnuPairs(block: Buffer, numbers: number[], options: OldGnuOptions): boolean {
  const { at, count, place } = options;
  for (let index = 0; index < count * 2; index++) {
    const field: Field = { what: 'sparse', at: at + index * 12, length: 12 };
    if (index % 2 === 0 && block[field.at] === 0) break;
    numbers.push(readNumber(block, field, place));
  }
  return block[at + count * 24] !== 0;
}

export interface OldGnuOptions {
  readonly at: number;
  readonly count: number;
  readonly place: TarPlace;
}

export const OLD_GNU_REAL_SIZE: Field = { what: 'realsize', at: 483, length: 12 };

/** Notation 0.0 repeats keys, 0.1 has one list. `undefined`: neither. */
export function readPaxSparse(
  records: readonly (readonly [string, Buffer])[],
  { place }: { readonly place: TarPlace },
): SparseNumbers | undefined {
  const list = records.findLast(([key]) => key === 'GNU.sparse.map')?.[1];
  const texts =
    list !== undefined
      ? list.length === 0
        ? []
        : list.toString('latin1').split(',')
      : records
          .filter(([key]) => key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes')
          .map(([, value]) => value.toString('latin1'));
  if (list === undefined && texts.length === 0) return undefined;
  return texts.map((text) => {
    const number = parseDecimal(text);
    if (number === undefined)
      throw place.error('the sparse map of its PAX header has something that is no number');
    return number;
  });
}

/**
 * Notation 1.0: decimal lines at the start of the content, filled up with NULs to a whole block.
 * @returns the numbers and the bytes that the map took
 */
export async function readInlineSparse(
  nextBlock: () => Promise<Buffer>,
  options: { readonly maxFragments: number; readonly storedBytes: number; readonly place: TarPlace },
): Promise<{ readonly numbers: SparseNumbers; readonly bytes: number }> {
  const { maxFragments, storedBytes, place } = options;
  const numbers: number[] = [];
  let wanted = 1;
  let bytes = 0;
  let rest = '';
  for (;;) {
    if (bytes + BLOCK_SIZE > storedBytes)
      throw place.error('the sparse map is longer than the content it is in');
    rest += (await nextBlock()).toString('latin1');
    bytes += BLOCK_SIZE;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const number = parseDecimal(line);
      if (number === undefined)
        throw place.error('the sparse map at the start of its content is not made of numbers');
      if (wanted === 1 && numbers.length === 0) {
        if (number > maxFragments)
          throw place.error(`the sparse map has ${number} runs, more than ${maxFragments}`);
        wanted = 1 + number * 2;
      }
      numbers.push(number);
      if (numbers.length === wanted) return { numbers: numbers.slice(1), bytes };
    }
    if (rest.length > 20)
      throw place.error('the sparse map at the start of its content is not made of numbers');
  }
}

const ZEROS = Buffer.alloc(64 * 1024);

/**
 * The content as a program would read the file: holes of a sparse entry become zeros, other content passes.
 *
 * A few stored bytes may grow to `entry.size`: compare that with what you have room for first.
 * @throws {OciError} `SIZE_MISMATCH` when the content is not as long as the runs together
 */
export async function* expandSparse({
  entry,
  content,
}: TarItem): AsyncGenerator<Uint8Array, void, undefined> {
  if (entry.sparse === undefined) return yield* content;
  const runs = entry.sparse[Symbol.iterator]();
  let at = 0;
  let left = 0;
  for await (const chunk of content) {
    for (let rest = chunk; rest.length > 0; ) {
      if (left === 0) {
        const { value: run } = runs.next();
        if (run === undefined) throw runMismatch(entry, 'more');
        yield* zeros(run.offset - at);
        at = run.offset;
        left = run.length;
      }
      const piece = rest.subarray(0, left);
      rest = rest.subarray(piece.length);
      at += piece.length;
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }
  if (left > 0 || runs.next().done !== true) throw runMismatch(entry, 'fewer');
  yield* zeros(entry.size - at);
}

function runMismatch({ path }: TarEntry, actual: 'more' | 'fewer'): OciError {
  const message = `Cannot expand sparse file "${showName(path)}": got ${actual} bytes than its runs have together`;
  return new OciError('SIZE_MISMATCH', message, { detail: { entry: path } });
}

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= ZEROS.length)
    yield ZEROS.subarray(0, Math.min(left, ZEROS.length));
}
