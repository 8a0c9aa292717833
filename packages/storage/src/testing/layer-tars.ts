import { makeTarEntry, type TarEntry, type TarInput, writeTar } from '@berth/oci';

/** `'etc/': {}` is a directory, `'etc/file': 'content'` a file; anything else says its `type`. */
export type TreeSpec = Readonly<
  Record<string, string | (Partial<TarEntry> & { readonly content?: string | Uint8Array })>
>;

/** 2024-01-01: nothing in a tar made by a test depends on when it runs. */
export const TAR_TIME = 1_704_067_200_000_000_000n;

export async function tarOf(spec: TreeSpec): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(writeTar(Object.entries(spec).map(toInput))));
}

function toInput([path, value]: [string, TreeSpec[string]]): TarInput {
  const { content, ...fields } =
    typeof value === 'string' ? { content: value } : { content: undefined, ...value };
  const type = path.endsWith('/') ? 'directory' : 'file';
  if (content === undefined) return { entry: makeTarEntry({ type, path, mtime: TAR_TIME, ...fields }) };
  const bytes = Buffer.from(content);
  return {
    entry: makeTarEntry({ type: 'file', path, mtime: TAR_TIME, size: bytes.length, ...fields }),
    content: [bytes],
  };
}

export async function* bytesOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Chunks of a size, with a turn of the event loop between them, as from a network. */
export async function* slowly(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await new Promise((resolve) => setImmediate(resolve));
    yield bytes.subarray(at, at + size);
  }
}
