import { OciError } from '../errors.ts';
import { showName } from './name-bytes.ts';

/** Where the reader stands, so that every refusal can say what and where. */
export class TarPlace {
  /** Bytes from the start of the stream to the header being read. */
  offset = 0;
  /** Path of the entry being read, once it is known. */
  name: string | undefined;
  #previous: string | undefined;

  /** A new header begins at `offset`. */
  enter(offset: number): void {
    if (this.name !== undefined) this.#previous = this.name;
    this.name = undefined;
    this.offset = offset;
  }

  error(what: string, hint?: string): OciError {
    const after = this.#previous === undefined ? '' : ` (after "${showName(this.#previous)}")`;
    const subject = this.name === undefined ? 'header' : `entry "${showName(this.name)}"`;
    return new OciError(
      'TAR_INVALID',
      `Cannot read tar ${subject} at offset ${this.offset}${this.name === undefined ? after : ''}: ${what}`,
      {
        detail: { offset: this.offset, ...(this.name === undefined ? {} : { entry: this.name }) },
        hint: hint ?? 'Make the archive again, or fetch it again if it came over a network',
      },
    );
  }
}
