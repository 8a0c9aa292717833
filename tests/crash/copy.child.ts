/**
 * Pushes a made image or pulls one into an OCI layout, to be killed: says `begin` when it turns to the registry.
 * Its only argument is a `CopyOrder` as JSON.
 */

import type { RandomImageOptions } from '@berth/oci/testing';
import { randomImage } from '@berth/oci/testing';
import { copyImage, type OpenRemoteOptions, openLayout, openRemote } from '@berth/transfer';
import { sourceOf } from './pusher.ts';

export type CopyOrder = { readonly remote: OpenRemoteOptions } & (
  | { readonly push: RandomImageOptions }
  | { readonly pullTo: string }
);

const order = JSON.parse(process.argv[2] ?? '') as CopyOrder;
const image = 'push' in order ? await randomImage(order.push) : undefined;
process.stdout.write('begin\n');
await using remote = await openRemote(order.remote);
if (image !== undefined) {
  await copyImage(sourceOf(image), remote, { tags: ['v'] });
} else if ('pullTo' in order) {
  await using layout = openLayout({ path: order.pullTo });
  await copyImage(remote, layout, { reference: 'v', tags: ['v'] });
}
