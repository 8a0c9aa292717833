import { type Digest, MEDIA_TYPE_OCI_INDEX, parseDigest, type RepositoryName } from '@berth/oci';
import { listReferrers } from '../../store/referrers.ts';
import type { Exchange } from '../exchange.ts';
import { nextLink } from '../pagination.ts';
import type { Services } from '../services.ts';

/**
 * `GET …/referrers/<digest>`: an index of the manifests whose subject it is. Never 404: a subject that is not there
 * (yet) has no referrers (yet). @see distribution-spec v1.1 "Listing Referrers"
 */
export async function referrers(
  services: Services,
  exchange: Exchange,
  target: { readonly name: RepositoryName; readonly digest: string },
): Promise<void> {
  const subject = parseDigest(target.digest);
  const artifactType = exchange.query.get('artifactType') ?? undefined;
  const after = exchange.query.get('last') ?? '';
  const id = await services.store.reads.repositoryId(target.name);
  const page =
    id === undefined
      ? { descriptors: [], next: undefined }
      : await listReferrers(services.store, { repositoryId: id, subject, artifactType, after });
  exchange.sendJson(
    200,
    {
      'content-type': MEDIA_TYPE_OCI_INDEX,
      ...(artifactType === undefined ? {} : { 'oci-filters-applied': 'artifactType' }),
      ...(page.next === undefined ? {} : linkTo(exchange.path, page.next, artifactType)),
    },
    { schemaVersion: 2, mediaType: MEDIA_TYPE_OCI_INDEX, manifests: page.descriptors },
  );
}

function linkTo(path: string, next: Digest, artifactType: string | undefined): { readonly link: string } {
  return nextLink(path, { ...(artifactType === undefined ? {} : { artifactType }), last: next });
}
