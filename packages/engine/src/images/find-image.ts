import { type ImageID, parseDigest, type Reference } from '@berth/oci';
import { EngineError } from '../errors.ts';
import type { ImagesContext } from './context.ts';
import { repositoryKey } from './names.ts';

/** What a user's word led to, and whether the word was a name or an id. */
export interface FoundImage {
  readonly id: ImageID;
  /** `undefined`: it was an id or the beginning of one. */
  readonly reference: Reference | undefined;
}

type Finding = Pick<ImagesContext, 'rows' | 'names'>;

const WHOLE_ID = /^(?:sha256:)?([0-9a-f]{64})$/;
const PART_OF_ID = /^(?:sha256:)?([0-9a-f]{1,63})$/;

/**
 * The image of a name, a digest, an id, or the beginning of an id. A name wins over the beginning of an id.
 *
 * @throws {EngineError} `REFERENCE_INVALID`, `IMAGE_AMBIGUOUS`
 */
export async function findImage({ rows, names }: Finding, nameOrId: string): Promise<FoundImage | undefined> {
  const whole = WHOLE_ID.exec(nameOrId)?.[1];
  if (whole !== undefined) {
    const id = parseDigest(`sha256:${whole}`) as ImageID;
    return (await rows.row(id)) === undefined ? undefined : { id, reference: undefined };
  }
  const part = PART_OF_ID.exec(nameOrId)?.[1];
  const isOnlyId = part !== undefined && nameOrId.startsWith('sha256:');
  if (!isOnlyId) {
    const reference = names.parse(nameOrId, { defaultTag: 'latest' });
    const id = await byReference(rows, reference);
    if (id !== undefined) return { id, reference };
  }
  if (part === undefined) return undefined;
  const [id, second] = await rows.beginningWith(`sha256:${part}`);
  if (second !== undefined) {
    throw new EngineError('IMAGE_AMBIGUOUS', `multiple IDs found with provided prefix: ${nameOrId}`);
  }
  return id === undefined ? undefined : { id, reference: undefined };
}

/** @throws {EngineError} `IMAGE_UNKNOWN` in Docker's words, besides what `findImage` throws */
export async function needImage(finding: Finding, nameOrId: string): Promise<FoundImage> {
  const found = await findImage(finding, nameOrId);
  if (found === undefined) throw unknownImage(finding, nameOrId);
  return found;
}

function unknownImage({ names }: Finding, nameOrId: string): EngineError {
  const isId = WHOLE_ID.test(nameOrId) || nameOrId.startsWith('sha256:');
  const shown = isId ? nameOrId : names.familiar(names.parse(nameOrId, { defaultTag: 'latest' }));
  return new EngineError('IMAGE_UNKNOWN', `No such image: ${shown}`, {
    hint: isId ? 'List what there is: docker images' : `Fetch it: docker pull ${shown}`,
  });
}

async function byReference(rows: Finding['rows'], reference: Reference): Promise<ImageID | undefined> {
  const repository = repositoryKey(reference);
  const { tag, digest } = reference;
  if (digest !== undefined) return rows.byDigest({ repository, digest });
  return tag === undefined ? undefined : rows.byName({ repository, tag });
}
