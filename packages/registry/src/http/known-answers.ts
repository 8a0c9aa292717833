import type { IncomingMessage } from 'node:http';

const ANSWERS_MAX = 2000;

export interface KnownAnswer {
  /** Of the caller that it was made for. */
  readonly authorization: string;
  readonly subject: string;
  readonly validUntilMs: number;
  /** Of the registry's rows when it was made. */
  readonly epoch: number;
  /** Names and values in turn, as `writeHead` takes them. */
  readonly headers: string[];
  /** One character a byte. */
  readonly body: string;
}

/**
 * Whole answers to `GET` of a manifest, as long as nothing is written and the caller's token holds.
 *
 * A fleet asks for the same tag with the same token again and again. What is remembered is what the long way gave for
 * this path and this very `Authorization` since the last write, and the authorizer has said until when its yes
 * holds. One caller per path: comparing one string costs less than hashing it.
 */
export class KnownAnswers {
  readonly #answers = new Map<string, KnownAnswer>();

  /** @param epoch of the rows now; `undefined` while a write runs */
  find(req: IncomingMessage, epoch: number | undefined): KnownAnswer | undefined {
    const { url = '', headers } = req;
    const answer = this.#answers.get(url);
    if (answer === undefined || req.method !== 'GET') return undefined;
    if (answer.epoch !== epoch) {
      this.#answers.delete(url);
      return undefined;
    }
    if (answer.authorization !== headers.authorization || headers['if-none-match'] !== undefined)
      return undefined;
    return answer.validUntilMs > Date.now() ? answer : undefined;
  }

  remember(url: string, answer: KnownAnswer): void {
    if (this.#answers.size >= ANSWERS_MAX) this.#answers.clear();
    this.#answers.set(url, answer);
  }
}
