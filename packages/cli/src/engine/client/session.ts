import { once } from 'node:events';
import type { Socket } from 'node:net';
import { DetachScanner, parseDetachKeys } from '@berth/engine/detach-keys';
import { hasCode } from '@berth/errors';
import type { CliContext } from '../../context.ts';
import type { Hijacked } from './engine-client.ts';
import { type BytesTarget, OutputWriter } from './output-writer.ts';
import { rawTerminal } from './raw-terminal.ts';

export interface SessionOptions {
  readonly context: CliContext;
  readonly target: BytesTarget;
  /** The process has a terminal: its output has no frames, and this one becomes its own. */
  readonly isTerminal: boolean;
  /** What is typed goes to the process. */
  readonly hasInput: boolean;
  /** `ctrl-p,ctrl-q` when left out. */
  readonly detachKeys?: string | undefined;
}

/**
 * Joins this command's own streams with those of a process until there is no more output, or the user leaves it.
 *
 * The two directions end apart: when our input ends the process is told so and may write on. With a terminal on both sides, keys go
 * through as they are, but for those that detach; the terminal is as before when this is over, however that comes.
 */
export async function joinSession(
  { socket }: Hijacked,
  { context, target, isTerminal, hasInput, detachKeys }: SessionOptions,
): Promise<'ended' | 'detached'> {
  const { stdin } = context;
  const hasKeys = isTerminal && hasInput && stdin.isTTY === true;
  await using _terminal = hasKeys ? await rawTerminal(stdin) : undefined;
  const scanner = hasKeys ? new DetachScanner(parseDetachKeys(detachKeys)) : undefined;
  let isDetached = false;
  using _input = hasInput
    ? sendInput(stdin, socket, {
        scanner,
        onDetach: () => {
          isDetached = true;
          socket.destroy();
        },
      })
    : undefined;
  const writer = new OutputWriter(target, { isTerminal });
  const stop = () => socket.destroy();
  context.signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) await writer.write(chunk);
  } catch (error) {
    // Leaving, stopping and an engine that ends destroy the connection in the middle of a read.
    if (!hasCode(error) || !CUT.includes(error.code)) throw error;
  } finally {
    context.signal.removeEventListener('abort', stop);
  }
  context.signal.throwIfAborted();
  return isDetached ? 'detached' : 'ended';
}

/** What became of the process the caller learns elsewhere. */
const CUT = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'];

interface InputOptions {
  readonly scanner: DetachScanner | undefined;
  readonly onDetach: () => void;
}

function sendInput(
  stdin: NodeJS.ReadStream,
  socket: Socket,
  { scanner, onDetach }: InputOptions,
): Disposable {
  const onData = (chunk: Buffer): void => {
    const { pass, isDetached } = scanner?.scan(chunk) ?? { pass: chunk, isDetached: false };
    if (socket.writable && pass.byteLength > 0 && !socket.write(pass)) {
      stdin.pause();
      once(socket, 'drain').then(
        () => stdin.resume(),
        () => {},
      );
    }
    if (isDetached) onDetach();
  };
  const onEnd = (): void => {
    const held = scanner?.flush();
    if (!socket.writable) return;
    if (held === undefined) socket.end();
    else socket.end(held);
  };
  // The process has ended; what is still typed belongs to nobody.
  socket.on('error', () => {});
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  stdin.on('error', onEnd);
  return {
    [Symbol.dispose]: () => {
      stdin.off('data', onData);
      stdin.off('end', onEnd);
      stdin.off('error', onEnd);
      stdin.pause();
      stdin.unref?.();
    },
  };
}
