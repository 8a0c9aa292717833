import type { FileHandle } from 'node:fs/promises';

/** Appends all of it: where a disk is nearly full, the kernel takes a part and says how much, without an error. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}
