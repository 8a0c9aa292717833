import type { BlobSourceOptions } from '../interface.ts';
import { SourceFailed } from './upload-session.ts';

export type OpenBlob = (options: BlobSourceOptions) => AsyncIterable<Uint8Array>;

/** A chunk below this size may still be in the socket's queue when the next one is asked for, so it is copied. */
const COPIED_CHUNK_BYTES = 128 * 1024;

export interface UploadBody {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Set when it was the source that failed, and not the one who took the bytes. */
  failure(): SourceFailed | undefined;
}

export interface UploadBodyOptions extends BlobSourceOptions {
  readonly offset: number;
  readonly signal: AbortSignal;
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
}

/** The rest of a blob from an offset, as the body of a request. */
export function uploadBody(open: OpenBlob, options: UploadBodyOptions): UploadBody {
  const { offset, signal, onProgress, onRetry } = options;
  let failure: SourceFailed | undefined;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    let position = offset;
    try {
      for await (const chunk of open({ offset, signal, ...(onRetry === undefined ? {} : { onRetry }) })) {
        position += chunk.length;
        yield chunk.length < COPIED_CHUNK_BYTES ? Uint8Array.from(chunk) : chunk;
        onProgress?.(position);
      }
    } catch (cause) {
      if (!signal.aborted) failure = new SourceFailed('', { cause });
      throw cause;
    }
  }
  return { bytes: bytes(), failure: () => failure };
}
