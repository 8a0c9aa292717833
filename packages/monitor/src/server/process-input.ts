import { closeSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { hasCode } from '@berth/errors';

/** The way into a process. Writing after its end is no error: what nobody reads is dropped. */
export interface ProcessInput {
  readonly fd: number;
  /** @returns whether there is room for more; otherwise `onRoom` is called once when there is */
  write(bytes: Uint8Array, onRoom: () => void): boolean;
  /** After all that was written. Idempotent. */
  end(): void;
  /** Now, whatever waits. */
  close(): void;
}

/** The writing end of a FIFO. It costs nothing until something is written. */
export function fifoInput(fd: number): ProcessInput {
  let socket: Socket | undefined;
  let isClosed = false;
  const open = (): Socket => {
    if (socket !== undefined) return socket;
    socket = new Socket({ fd, readable: false, writable: true });
    // EPIPE: the process has closed its stdin or is gone.
    socket.on('error', () => {});
    return socket;
  };
  return {
    fd,
    write(bytes, onRoom) {
      if (isClosed || bytes.length === 0) return true;
      const pipe = open();
      if (pipe.destroyed) return true;
      if (pipe.write(Buffer.from(bytes))) return true;
      let isTold = false;
      const tell = (): void => {
        if (isTold) return;
        isTold = true;
        pipe.off('drain', tell);
        pipe.off('close', tell);
        onRoom();
      };
      pipe.on('drain', tell).on('close', tell);
      return false;
    },
    end() {
      if (isClosed) return;
      isClosed = true;
      if (socket === undefined) closeSync(fd);
      else socket.end();
    },
    close() {
      if (socket !== undefined) socket.destroy();
      else if (!isClosed) closeSync(fd);
      isClosed = true;
    },
  };
}

const RETRY_MS = 10;

/** The master of a terminal, which is read elsewhere and stays the caller's. It has no end: Ctrl-D is a byte. */
export function terminalInput(fd: number): ProcessInput {
  let waiting: Buffer = Buffer.alloc(0);
  let onRoom: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const push = (): void => {
    timer = undefined;
    waiting = writeSome(fd, waiting);
    if (waiting.length > 0) {
      timer = setTimeout(push, RETRY_MS);
      return;
    }
    const tell = onRoom;
    onRoom = undefined;
    tell?.();
  };
  return {
    fd,
    write(bytes, tell) {
      if (isClosed) return true;
      const isBusy = waiting.length > 0;
      waiting = isBusy ? Buffer.concat([waiting, bytes]) : writeSome(fd, Buffer.from(bytes));
      if (waiting.length === 0) return true;
      const before = onRoom;
      onRoom = () => {
        before?.();
        tell();
      };
      timer ??= setTimeout(push, RETRY_MS);
      return false;
    },
    end() {},
    close() {
      isClosed = true;
      waiting = Buffer.alloc(0);
      clearTimeout(timer);
      onRoom?.();
      onRoom = undefined;
    },
  };
}

/** @returns what did not fit; nothing when the terminal is gone */
function writeSome(fd: number, bytes: Buffer): Buffer {
  let rest = bytes;
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
    return rest;
  } catch (error) {
    if (hasCode(error) && error.code === 'EAGAIN') return rest;
    if (hasCode(error) && error.code === 'EIO') return Buffer.alloc(0);
    throw error;
  }
}
