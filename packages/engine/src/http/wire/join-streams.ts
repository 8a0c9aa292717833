import type { AttachedStreams } from '@berth/monitor';
import type { Exchange } from '../server/exchange.ts';
import type { HijackedConnection } from '../server/hijack.ts';
import { DetachScanner } from './detach-keys.ts';
import { frameHeader, streamType } from './frames.ts';

export interface JoinOptions {
  readonly streams: AttachedStreams & { readonly isTerminal: boolean };
  readonly hasInput: boolean;
  /** Looked for in what the client types; `undefined`: they are bytes like any other. */
  readonly detachKeys: Uint8Array | undefined;
  readonly onDetach: () => Promise<void>;
}

/**
 * Joins a client's connection with a process: until the process has said all, the client has gone, or its keys were
 * pressed. The end of the client's input is the end of stdin, and output goes on.
 */
export async function joinStreams(
  exchange: Exchange,
  connection: HijackedConnection,
  options: JoinOptions,
): Promise<void> {
  const { streams, hasInput } = options;
  const { version } = exchange;
  exchange.takeoverStatus = connection.isUpgrade ? 101 : 200;
  connection.begin({ 'Content-Type': streamType({ isTerminal: streams.isTerminal, version }) });
  const detached = Promise.withResolvers<'detached'>();
  if (hasInput) {
    void copyInput(connection, options).then(
      (isDetached) => {
        if (isDetached) detached.resolve('detached');
      },
      // Writing to a process that is gone is no error; what else fails ends both ways.
      () => connection.socket.destroy(),
    );
  } else {
    // Without a reader its end would never be seen.
    connection.socket.resume();
  }
  const ended = await Promise.race([copyOutput(exchange, connection, options), detached.promise]);
  if (ended === 'detached') await options.onDetach();
  connection.end();
}

async function copyOutput(
  exchange: Exchange,
  connection: HijackedConnection,
  { streams }: JoinOptions,
): Promise<void> {
  for await (const chunk of streams.output) {
    const parts = streams.isTerminal ? [chunk.bytes] : [frameHeader(chunk), chunk.bytes];
    if (!(await connection.write(...parts))) return;
    exchange.bytesOut += chunk.bytes.byteLength;
  }
}

/** @returns whether the detach keys ended it */
async function copyInput(
  { socket }: HijackedConnection,
  { streams, detachKeys }: JoinOptions,
): Promise<boolean> {
  const scanner = detachKeys === undefined ? undefined : new DetachScanner(detachKeys);
  for await (const chunk of bytesOf(socket)) {
    const { pass, isDetached } = scanner?.scan(chunk) ?? { pass: chunk, isDetached: false };
    if (pass.byteLength > 0) await streams.write(pass);
    if (isDetached) return true;
  }
  const rest = scanner?.flush();
  if (rest !== undefined && rest.byteLength > 0) await streams.write(rest);
  // A client that is gone has not said that there is no more input; one that has closed its side has.
  if (socket.readableEnded && !socket.destroyed) await streams.endInput();
  return false;
}

/** What comes in, until its end or the client's; unlike the stream's own iterator it leaves the other direction alone. */
async function* bytesOf(socket: HijackedConnection['socket']): AsyncIterable<Uint8Array> {
  let wake = Promise.withResolvers<void>();
  const onEvent = (): void => wake.resolve();
  for (const event of ['readable', 'end', 'close']) socket.on(event, onEvent);
  try {
    while (true) {
      const chunk = socket.read() as Uint8Array | null;
      if (chunk !== null) yield chunk;
      else if (socket.readableEnded || socket.destroyed) return;
      else {
        await wake.promise;
        wake = Promise.withResolvers();
      }
    }
  } finally {
    for (const event of ['readable', 'end', 'close']) socket.off(event, onEvent);
  }
}
