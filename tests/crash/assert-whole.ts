import assert from 'node:assert/strict';
import { type Descriptor, type Digest, validateImage } from '@berth/oci';
import type { ImageSource } from '@berth/transfer';

/** The image that the tag `v` names has this digest, and all that it is made of comes out as it says. */
export async function assertWhole(source: ImageSource, digest: Digest): Promise<void> {
  const descriptor = await source.resolve('v');
  assert.equal(descriptor.digest, digest);
  const { bytes } = await source.manifest(descriptor);
  const { config, layers } = JSON.parse(Buffer.from(bytes).toString()) as {
    readonly config: Descriptor;
    readonly layers: readonly Descriptor[];
  };
  const known = new Map([config, ...layers].map((each) => [each.digest, each]));
  const mismatches = await validateImage({
    descriptor,
    manifest: bytes,
    blob: (wanted) => {
      const found = known.get(wanted);
      return found === undefined ? undefined : source.blob(found);
    },
  });
  assert.deepEqual(mismatches, []);
}
