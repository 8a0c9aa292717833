import { libc } from './libc.ts';

/** Resolves when `fd` (socket, pipe, pidfd; no plain file) can be read or its other end is closed. Rejects with the reason of `signal`. */
export function untilReadable(fd: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const handle = libc().poll(fd, () => finish(resolve));
    const onAbort = () => finish(() => reject(signal?.reason));
    function finish(settle: () => void): void {
      signal?.removeEventListener('abort', onAbort);
      handle.stop();
      handle.close();
      settle();
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
