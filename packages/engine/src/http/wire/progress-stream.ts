import type { ApiProgress } from '../../api/types.ts';
import type { Exchange } from '../server/exchange.ts';
import { toFailure } from '../server/status.ts';

/**
 * The JSON lines of pull, push, load and import. The answer begins with the first line; an error before it has its own
 * status, one after it is a line `{ errorDetail, error }` inside the 200.
 */
export class ProgressStream {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** For `onProgress` of the engine: never waits. A client that does not read misses states in between, and nothing else. */
  readonly send = (line: ApiProgress): void => {
    const { res } = this.#exchange;
    if (res.destroyed) return;
    if (!res.headersSent) this.#exchange.beginNow(200, { 'Content-Type': 'application/json' });
    if (res.writableNeedDrain && line.progressDetail?.current !== undefined) return;
    const text = `${JSON.stringify(line)}\r\n`;
    this.#exchange.bytesOut += Buffer.byteLength(text);
    res.write(text);
  };

  /** Runs the work and ends the answer. */
  async run(work: () => Promise<void>): Promise<void> {
    const { res } = this.#exchange;
    try {
      await work();
    } catch (error) {
      if (!res.headersSent || res.destroyed) throw error;
      const { message, status } = toFailure(error);
      this.send({ errorDetail: status === 500 ? { message } : { code: status, message }, error: message });
      res.end();
      throw error;
    }
    if (!res.headersSent) this.#exchange.begin(200, { 'Content-Type': 'application/json' });
    res.end();
  }
}
