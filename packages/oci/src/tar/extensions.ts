import { bytesToPath } from './name-bytes.ts';
import { readPaxRecords } from './pax.ts';
import type { TarPlace } from './place.ts';

type Records = readonly (readonly [string, Buffer])[];

const NO_RECORDS: ReadonlyMap<string, Buffer> = new Map();
/** What can be true of one file only. POSIX lets a global header say it, and readers then disagree on names. */
const PER_FILE = /^(path|linkpath|size|GNU\.sparse\..*)$/;

/**
 * Extension headers seen since the last entry, and the global records.
 *
 * A second header of the same kind before an entry is refused, and so is a name given both ways (GNU and PAX):
 * readers differ in which one counts, so such an archive is two archives.
 */
export class Extensions {
  readonly #place: TarPlace;
  readonly #maxHeaderBytes: number;
  readonly #globals = new Map<string, Buffer>();
  #records: Records | undefined;
  longPath: string | undefined;
  longLinkPath: string | undefined;

  constructor(place: TarPlace, options: { readonly maxHeaderBytes: number }) {
    this.#place = place;
    this.#maxHeaderBytes = options.maxHeaderBytes;
  }

  /** True while a header waits for its entry. */
  get isPending(): boolean {
    return this.#records !== undefined || this.longPath !== undefined || this.longLinkPath !== undefined;
  }

  /** Takes the body of a header of type `x`, `g`, `L` or `K`. */
  add(typeFlag: string, body: Buffer): void {
    if (typeFlag === 'g') this.#addGlobals(readPaxRecords(body, this.#place));
    else if (typeFlag === 'x') this.#addRecords(body);
    else this.#addLongName(typeFlag, body);
  }

  #addRecords(body: Buffer): void {
    if (this.#records !== undefined) throw this.#place.error('two PAX headers stand before one entry');
    // A copy: an entry's records outlive the chunk they came in.
    this.#records = readPaxRecords(Buffer.from(body), this.#place);
  }

  #addLongName(typeFlag: string, body: Buffer): void {
    const key = typeFlag === 'L' ? 'longPath' : 'longLinkPath';
    if (this[key] !== undefined) throw this.#place.error('two GNU long names stand before one entry');
    const end = body.indexOf(0);
    const name = end < 0 ? body : body.subarray(0, end);
    if (end >= 0 && body.subarray(end).some((byte) => byte !== 0)) {
      throw this.#place.error('a GNU long name has a NUL inside');
    }
    if (name.length === 0) throw this.#place.error('a GNU long name is empty');
    this[key] = bytesToPath(name);
  }

  /** Records in force for the entry that follows; a local record with an empty value takes a global one away. */
  merged(): ReadonlyMap<string, Buffer> {
    if (this.#records === undefined && this.#globals.size === 0) return NO_RECORDS;
    const merged = new Map(this.#globals);
    for (const [key, value] of this.#records ?? []) {
      if (value.length === 0 && !key.startsWith('SCHILY.xattr.')) merged.delete(key);
      else merged.set(key, value);
    }
    return merged;
  }

  /** The local records in order, for keys that repeat. */
  get records(): Records {
    return this.#records ?? [];
  }

  /** The entry has been read. */
  clear(): void {
    this.#records = undefined;
    this.longPath = undefined;
    this.longLinkPath = undefined;
  }

  #addGlobals(records: Records): void {
    if (this.isPending)
      throw this.#place.error('a global PAX header stands between an entry and its own headers');
    for (const [key, value] of records) {
      if (PER_FILE.test(key))
        throw this.#place.error(`a global PAX header has "${key}", which no two files can share`);
      if (value.length === 0) this.#globals.delete(key);
      else this.#globals.set(key, Buffer.from(value));
    }
    let bytes = 0;
    for (const [key, value] of this.#globals) bytes += key.length + value.length;
    if (bytes > this.#maxHeaderBytes) {
      throw this.#place.error(`global PAX records take ${bytes} bytes, more than ${this.#maxHeaderBytes}`);
    }
  }
}
