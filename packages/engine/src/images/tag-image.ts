import { EngineError } from '../errors.ts';
import { emitImageEvent, type ImagesContext } from './context.ts';
import { needImage } from './find-image.ts';
import { repositoryKey } from './names.ts';
import { nameImage } from './store-image.ts';

/**
 * Lets a name lead to an image; one that had the name before stays, without it.
 *
 * @throws {EngineError} `IMAGE_UNKNOWN`, `REFERENCE_INVALID`
 */
export async function tagImage(
  context: ImagesContext,
  { nameOrId, target }: { readonly nameOrId: string; readonly target: string },
): Promise<void> {
  const { deps, names } = context;
  const reference = names.parse(target, { defaultTag: 'latest' });
  if (reference.digest !== undefined || reference.tag === undefined) {
    throw new EngineError('REFERENCE_INVALID', 'refusing to create a tag with a digest reference');
  }
  const { id } = await needImage(context, nameOrId);
  const { tag } = reference;
  deps.onStep?.('images.before-tagged');
  const isThere = await deps.db.transaction(async (trx) => {
    // It may have been removed since it was found.
    const image = await trx.selectFrom('images').select('id').where('id', '=', id).executeTakeFirst();
    if (image === undefined) return false;
    const nowMs = deps.db.now().getTime();
    await nameImage(trx, id, { names: [{ repository: repositoryKey(reference), tag }], nowMs });
    return true;
  });
  if (!isThere) throw new EngineError('IMAGE_UNKNOWN', `No such image: ${nameOrId}`);
  deps.onStep?.('images.tagged');
  await emitImageEvent(context, { action: 'tag', id, name: names.familiar(reference), labelsOf: id });
}
