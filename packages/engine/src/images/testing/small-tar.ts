import { makeTarEntry, type TarInput, writeTar } from '@berth/oci';

/** A root filesystem of a few files, by path. */
export function smallTar(
  files: Readonly<Record<string, string>>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const inputs = Object.entries(files).map(([path, text]): TarInput => {
    const bytes = Buffer.from(text);
    return { entry: makeTarEntry({ type: 'file', path, size: bytes.length }), content: [bytes] };
  });
  return writeTar(inputs);
}
