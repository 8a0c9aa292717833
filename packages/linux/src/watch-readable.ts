import { libc, type PollHandle } from './libc.ts';

export interface ReadableWatch extends Disposable {
  /** No calls until `resume`. */
  pause(): void;
  resume(): void;
}

/**
 * Calls back on the event loop for as long as `fd` (pipe, FIFO, terminal, socket, pidfd; no plain file) has something to read or
 * its other end is closed; the caller reads with `readSync`, so nothing is taken from the kernel before it is asked for.
 * The fd stays the caller's: dispose first, then close it. A watch keeps the process alive.
 */
export function watchReadable(fd: number, onReadable: () => void): ReadableWatch {
  let handle: PollHandle | undefined = libc().poll(fd, onReadable);
  let isClosed = false;
  const stop = (): void => {
    handle?.stop();
    handle?.close();
    handle = undefined;
  };
  return {
    pause: stop,
    resume() {
      if (!isClosed) handle ??= libc().poll(fd, onReadable);
    },
    [Symbol.dispose]() {
      isClosed = true;
      stop();
    },
  };
}
