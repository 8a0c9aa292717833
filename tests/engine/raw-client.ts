import { connect, type Socket } from 'node:net';

export interface Head {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One piece of a multiplexed stream. */
export interface Frame {
  readonly stream: number;
  readonly text: string;
}

/** A client that says exactly these bytes, keeps its sides apart, and sees every byte of the answer. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  #bytes = Buffer.alloc(0);
  #hasEnded = false;
  #wake = Promise.withResolvers<void>();

  constructor(target: string | { readonly host: string; readonly port: number }) {
    this.socket =
      typeof target === 'string'
        ? connect({ path: target, allowHalfOpen: true })
        : connect({ ...target, allowHalfOpen: true });
    const wake = (): void => {
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    };
    this.socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      wake();
    });
    for (const event of ['end', 'close', 'error']) {
      this.socket.on(event, () => {
        this.#hasEnded = true;
        wake();
      });
    }
  }

  send(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  /** Says that there is no more input; output goes on. */
  endInput(): void {
    this.socket.end();
  }

  async head(): Promise<Head> {
    const text = (await this.#until(() => this.#bytes.indexOf('\r\n\r\n') + 4 || undefined, 4)).toString(
      'latin1',
    );
    const [first = '', ...lines] = text.trimEnd().split('\r\n');
    const [, status = '', reason = ''] = /^HTTP\/1\.1 ([0-9]{3}) ?(.*)$/.exec(first) ?? [];
    const headers = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    });
    return { status: Number(status), reason, headers: Object.fromEntries(headers) };
  }

  async bytes(length: number): Promise<Buffer> {
    return await this.#until(() => (this.#bytes.length >= length ? length : undefined));
  }

  /** Up to and with the text. */
  async until(text: string): Promise<string> {
    const taken = await this.#until(() => {
      const at = this.#bytes.indexOf(text);
      return at === -1 ? undefined : at + Buffer.byteLength(text);
    });
    return taken.toString();
  }

  /** All that comes until the other side ends. */
  async rest(): Promise<Buffer> {
    while (!this.#hasEnded) await this.#wake.promise;
    const all = this.#bytes;
    this.#bytes = Buffer.alloc(0);
    return all;
  }

  async frames(): Promise<readonly Frame[]> {
    return parseFrames(await this.rest());
  }

  async #until(length: () => number | undefined, least = 0): Promise<Buffer> {
    const deadline = performance.now() + 20_000;
    while (true) {
      const found = length();
      if (found !== undefined && found >= least) {
        const taken = this.#bytes.subarray(0, found);
        this.#bytes = this.#bytes.subarray(found);
        return taken;
      }
      if (this.#hasEnded)
        throw new Error(`The connection ended after ${JSON.stringify(this.#bytes.toString())}`);
      if (performance.now() > deadline)
        throw new Error(`Nothing more after ${JSON.stringify(this.#bytes.toString())}`);
      await Promise.race([this.#wake.promise, new Promise((done) => setTimeout(done, 250).unref())]);
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

export function parseFrames(bytes: Buffer): readonly Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    if (bytes.readUIntBE(at + 1, 3) !== 0 || at + 8 + length > bytes.length)
      throw new Error('These are no frames');
    frames.push({ stream: bytes[at] ?? 0, text: bytes.toString('utf8', at + 8, at + 8 + length) });
    at += 8 + length;
  }
  return frames;
}

/** What one stream of several frames said. */
export function textOf(frames: readonly Frame[], stream: number): string {
  return frames
    .filter((frame) => frame.stream === stream)
    .map(({ text }) => text)
    .join('');
}
