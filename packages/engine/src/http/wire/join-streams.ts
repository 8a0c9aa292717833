import type { AttachedStreams } from '@berth/monitor';
import type { Exchange } from '../server/exchange.ts';
import type { HijackedConnection } from '../server/hijack.ts';
import { bytesOf } from './bytes-of.ts';
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
  const over = new AbortController();
  if (hasInput) {
    void copyInput(connection, options, over.signal).then(
      (isDetached) => {
        if (isDetached) detached.resolve('detached');
      },
      // Writing to a process that is gone is no error; what else fails ends both ways, but no output is lost to it.
      () => {
        if (!over.signal.aborted) connection.socket.destroy();
      },
    );
  } else {
    // Without a reader its end would never be seen.
    connection.socket.resume();
  }
  try {
    const ended = await Promise.race([copyOutput(exchange, connection, options), detached.promise]);
    if (ended === 'detached') await options.onDetach();
  } finally {
    over.abort();
    connection.end();
  }
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

/** What comes when all is `over` is read, so that the connection can end, and goes nowhere. @returns whether the detach keys ended it */
async function copyInput(
  { socket }: HijackedConnection,
  { streams, detachKeys }: JoinOptions,
  over: AbortSignal,
): Promise<boolean> {
  const scanner = detachKeys === undefined ? undefined : new DetachScanner(detachKeys);
  for await (const chunk of bytesOf(socket)) {
    if (over.aborted) continue;
    const { pass, isDetached } = scanner?.scan(chunk) ?? { pass: chunk, isDetached: false };
    if (pass.byteLength > 0) await streams.write(pass);
    if (isDetached) return true;
  }
  if (over.aborted) return false;
  const rest = scanner?.flush();
  if (rest !== undefined && rest.byteLength > 0) await streams.write(rest);
  // A client that is gone has not said that there is no more input; one that has closed its side has.
  if (socket.readableEnded && !socket.destroyed) await streams.endInput();
  return false;
}
