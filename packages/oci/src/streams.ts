export interface Peeked {
  /** At least as many as asked for, unless the stream is shorter. */
  readonly firstBytes: Uint8Array;
  /** The whole stream, from its beginning. To be consumed once. */
  readonly stream: AsyncGenerator<Uint8Array, void, undefined>;
}

/** Looks at the beginning of a stream. Whoever peeks also consumes `stream`, or the source stays open. */
export async function peekBytes(source: AsyncIterable<Uint8Array>, length: number): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let size = 0;
  while (size < length) {
    const next = await iterator.next();
    if (next.done) break;
    size += next.value.byteLength;
    // A chunk may only be good until the next one is asked for.
    first.push(size < length ? Buffer.from(next.value) : next.value);
  }
  const firstBytes = first.length === 1 && first[0] !== undefined ? first[0] : Buffer.concat(first, size);
  return { firstBytes, stream: joined(firstBytes, iterator) };
}

async function* joined(
  first: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let isDone = false;
  try {
    if (first.byteLength > 0) yield first;
    for (;;) {
      const next = await iterator.next();
      isDone = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    if (!isDone) await iterator.return?.();
  }
}

/** Joins small chunks until each has at least `minBytes`; the last may be smaller. Large ones pass uncopied. */
export async function* gatherChunks(
  source: AsyncIterable<Uint8Array>,
  minBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    if (size === 0 && chunk.byteLength >= minBytes) {
      yield chunk;
      continue;
    }
    waiting.push(chunk);
    size += chunk.byteLength;
    if (size < minBytes) continue;
    yield Buffer.concat(waiting, size);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(waiting, size);
}
