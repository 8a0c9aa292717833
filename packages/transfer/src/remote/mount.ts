import type { Descriptor, RepositoryName } from '@berth/oci';
import type { CallOptions } from '../interface.ts';
import { addressFrom } from './address.ts';
import { responseFailure } from './failures.ts';
import { nameOf, pullScope, type RemoteRepository, uploadsPath } from './repository.ts';

/**
 * Lets a repository have a blob of another one of the same registry, without its bytes.
 *
 * @returns `false` when the registry would rather be sent the bytes: it does not know the blob, or the caller may not read there
 * @see distribution-spec v1.1, "Mounting a blob from another repository"
 */
export async function mountBlob(
  remote: RemoteRepository,
  { digest }: Pick<Descriptor, 'digest'>,
  { from, signal }: CallOptions & { readonly from: RepositoryName },
): Promise<boolean> {
  const call = signal === undefined ? {} : { signal };
  return remote.session.retrying(async () => {
    const response = await remote.session.request({
      method: 'POST',
      target: `${uploadsPath(remote.name)}?${new URLSearchParams({ mount: digest, from })}`,
      scopes: [...remote.scopes, pullScope(from)],
      signal,
    });
    if (response.status === 429 || response.status >= 500) {
      throw await responseFailure(response, `push to "${nameOf(remote)}"`);
    }
    const location = response.header('location');
    await response.discard();
    if (response.status === 201) return true;
    // The registry began an upload instead, which nobody will use.
    if (response.status === 202 && location !== undefined) {
      const cancelled = await remote.session.request({
        method: 'DELETE',
        target: addressFrom(location, response.url),
        scopes: remote.scopes,
        signal,
      });
      await cancelled.discard();
    }
    return false;
  }, call);
}
