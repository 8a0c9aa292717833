import { printable } from '../../output/printable.ts';

/** A line of the streams of pull, push, load and import. */
export interface ProgressLine {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly progress?: string;
  readonly stream?: string;
  readonly aux?: Readonly<Record<string, unknown>>;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

/** The part of a stream or terminal that is needed. */
export interface ProgressTarget {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

const DEFAULT_COLUMNS = 80;

/**
 * Shows such a stream as docker does. On a terminal each layer has a line that is written over; elsewhere every state is a line and
 * nothing says how far a layer is. Lines are no more than the terminal's width, so that going up by lines is right.
 */
export class ProgressDisplay {
  readonly #target: ProgressTarget;
  readonly #lines: string[] = [];

  constructor(target: ProgressTarget) {
    this.#target = target;
  }

  show(line: ProgressLine): void {
    if (line.aux !== undefined) return;
    if (line.stream !== undefined) {
      this.#below(line.stream);
      return;
    }
    const { id = '', status = '', progress = '' } = line;
    const isTerminal = this.#target.isTTY === true;
    if (!isTerminal && progress !== '') return;
    const text = `${id === '' ? '' : `${id}: `}${status}`;
    if (!isTerminal || id === '') this.#below(`${text}\n`);
    else this.#over(id, progress === '' ? text : `${text} ${progress}`);
  }

  #below(text: string): void {
    // What comes now stands below the layers; none of their lines is touched again.
    this.#lines.length = 0;
    this.#target.write(printable(text.replaceAll('\r', '')));
  }

  #over(id: string, text: string): void {
    const known = this.#lines.indexOf(id);
    const shown = printable(text).slice(0, (this.#target.columns ?? DEFAULT_COLUMNS) - 1);
    const up = known < 0 ? 0 : this.#lines.length - known;
    // A line that has left the screen at the top cannot be written over.
    if (up > 0 && up >= (this.#target.rows ?? Number.POSITIVE_INFINITY)) return;
    if (known < 0) {
      this.#lines.push(id);
      this.#target.write(`${shown}\n`);
    } else this.#target.write(`\u001b[${up}A\u001b[2K\r${shown}\u001b[${up}B\r`);
  }
}
