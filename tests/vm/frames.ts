/**
 * What goes through the port between a test and its guest: one JSON value a line. The test gives numbers to what it starts.
 */

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to the guest's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** In base64. */
  readonly input?: string;
}

export type ToGuest =
  | { readonly id: number; readonly start: Command }
  | { readonly id: number; readonly signal: NodeJS.Signals };

export type FromGuest =
  | { readonly ready: true }
  | { readonly id: number; readonly stdout: string }
  | { readonly id: number; readonly stderr: string }
  /** A program that could not be started has neither. */
  | { readonly id: number; readonly ended: number | NodeJS.Signals | null };

/** Cuts a stream of text into values. */
export class FrameReader<T> {
  #rest = '';

  push(text: string): readonly T[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.map((line) => JSON.parse(line) as T);
  }
}

export function frame(value: ToGuest | FromGuest): string {
  return `${JSON.stringify(value)}\n`;
}
