import { peekBytes } from '@berth/oci';
import { EngineError } from '../../errors.ts';

const MAGIC_LENGTH = 6;
const UNREADABLE = [
  { name: 'xz', magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) },
  { name: 'bzip2', magic: Buffer.from('BZh') },
] as const;

/**
 * The same bytes, unless they are compressed in a way that nothing here can read: then that is said, and not that the tar
 * is damaged.
 *
 * @throws {EngineError} `IMAGE_INVALID`
 */
export async function* readableTar(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { firstBytes, stream } = await peekBytes(source, MAGIC_LENGTH);
  const found = UNREADABLE.find(({ magic }) => magic.equals(firstBytes.subarray(0, magic.length)));
  if (found !== undefined) {
    // Begun and left, so that the source is closed.
    for await (const _ of stream) break;
    throw new EngineError('IMAGE_INVALID', `Cannot read the archive: it is compressed with ${found.name}`, {
      hint: `Unpack it first and pipe it: ${found.name} -dc file | docker load`,
    });
  }
  yield* stream;
}
