/** Run by resume.test.ts, to be killed: says "part" when a good part is done, and goes on slowly. */
import { setTimeout as sleep } from 'node:timers/promises';
import { randomImage } from '@berth/oci/testing';
import { copyImage, type ImageSource, type OpenRemoteOptions, openLayout, openRemote } from '@berth/transfer';
import { sourceOf } from '@berth/transfer/testsuite';

const MIB = 1024 * 1024;
const PART = 8 * MIB;
const [direction, name, place] = process.argv.slice(2) as [string, string, string];
await using remote = await openRemote(JSON.parse(place) as OpenRemoteOptions);

if (direction === 'push') {
  const image = await randomImage({
    seed: name,
    layers: 1,
    filesPerLayer: 1,
    sizeBytes: 24 * MIB,
    compression: 'none',
  });
  await copyImage(slow(sourceOf({ v: image })), remote, { tags: ['v'] });
} else {
  await using layout = openLayout({ path: name });
  await copyImage(slow(remote), layout, { reference: 'v', tags: ['v'] });
}

/** Stops giving bytes after a part, long enough to be killed. */
function slow(source: ImageSource): ImageSource {
  return {
    ...source,
    async *blob(descriptor, options) {
      let passed = 0;
      for await (const chunk of source.blob(descriptor, options)) {
        yield chunk;
        passed += chunk.length;
        if (passed < PART) continue;
        await sleep(300);
        process.stdout.write('part\n');
        await sleep(60_000);
      }
    },
  };
}
