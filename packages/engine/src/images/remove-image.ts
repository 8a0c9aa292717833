import type { ImageID, Reference } from '@berth/oci';
import { EngineError } from '../errors.ts';
import { emitImageEvent, type ImagesContext } from './context.ts';
import { needImage } from './find-image.ts';
import type { ImageDigest, ImageName } from './image-rows.ts';
import { referenceOf, repositoryKey, shortId } from './names.ts';

export type RemovedItem = { readonly Untagged: string } | { readonly Deleted: string };

export interface RemoveOptions {
  /** Also where several names or a stopped container still need the image. Never where a child or a running container does. */
  readonly force?: boolean;
  /** Parents that nobody needs any more stay. */
  readonly noPrune?: boolean;
}

/**
 * Takes a name away, or an image with all its names, by Docker's rules: a name goes first; the image goes with its
 * last name, or when it is named by id and all its names are of one repository.
 *
 * @throws {EngineError} `IMAGE_UNKNOWN`, `IMAGE_IN_USE` in Docker's words
 */
export async function removeImage(
  context: ImagesContext,
  nameOrId: string,
  { force = false, noPrune = false }: RemoveOptions = {},
): Promise<readonly RemovedItem[]> {
  const { id, reference } = await needImage(context, nameOrId);
  const removed: RemovedItem[] = [];
  let references = await referencesOf(context, id);
  if (reference !== undefined) {
    if (!force && isOfOneName(references)) {
      const [user] = await context.deps.containers.usersOfImage(id);
      if (user !== undefined) {
        throw inUse(
          `conflict: unable to remove repository reference "${nameOrId}" (must force) - ` +
            `container ${shortId(user.id)} is using its referenced image ${shortId(id)}`,
        );
      }
    }
    await untag(context, { id, reference, removed });
    references = await referencesOf(context, id);
    const repository = repositoryKey(reference);
    // The digests of a repository go with its last tag.
    const isBare = !references.names.some((name) => name.repository === repository);
    if (reference.digest === undefined && isBare) {
      for (const { digest } of references.digests.filter((each) => each.repository === repository)) {
        await untag(context, { id, reference: referenceOf(repository, { digest }), removed });
      }
      references = await referencesOf(context, id);
    }
    if (references.names.length + references.digests.length > 0) return removed;
  } else if (isOfOneName(references)) {
    const conflict = await conflictOf(context, id, { ignoresNames: true, force });
    if (conflict !== undefined) throw conflict.error;
    for (const each of allReferences(references)) await untag(context, { id, reference: each, removed });
  }
  await removeWhole(context, id, { force, noPrune, removed, isQuiet: reference !== undefined });
  return removed;
}

interface Removing {
  readonly force: boolean;
  readonly noPrune: boolean;
  /** A name went already, or it is a parent: what containers or children need is left, without a word. */
  readonly isQuiet: boolean;
  readonly removed: RemovedItem[];
}

async function removeWhole(context: ImagesContext, id: ImageID, removing: Removing): Promise<void> {
  const { deps, rows } = context;
  const { force, noPrune, removed, isQuiet } = removing;
  const conflict = await conflictOf(context, id, { ignoresNames: false, force });
  if (conflict !== undefined) {
    if (isQuiet && conflict.isOfUse) return;
    throw conflict.error;
  }
  const row = await rows.row(id);
  if (row === undefined) return;
  for (const reference of allReferences(await referencesOf(context, id))) {
    await untag(context, { id, reference, removed });
  }
  deps.onStep?.('images.before-removed');
  const layers = await context.holds.release(id, async () => {
    await deps.db.transaction(async (trx) => {
      await trx
        .insertInto('layer_holds')
        .values({ owner: `image:${id}`, since: deps.db.now().getTime() })
        .onConflict((on) => on.doNothing())
        .execute();
      // Names that came since then go too: a name without an image must not be.
      await trx.deleteFrom('image_names').where('image_id', '=', id).execute();
      await trx.deleteFrom('image_digests').where('image_id', '=', id).execute();
      await trx.deleteFrom('image_manifests').where('image_id', '=', id).execute();
      await trx.deleteFrom('images').where('id', '=', id).execute();
      await trx.updateTable('images').set({ parent: null }).where('parent', '=', id).execute();
    });
    deps.onStep?.('images.removed');
  });
  deps.emit({
    Type: 'image',
    Action: 'delete',
    Actor: { ID: id, Attributes: { ...row.labels, name: id } },
  });
  removed.push({ Deleted: id }, ...layers.map((chainID) => ({ Deleted: chainID })));
  if (noPrune || row.parent === undefined) return;
  const parent = await referencesOf(context, row.parent);
  if (parent.names.length + parent.digests.length > 0) return;
  await removeWhole(context, row.parent, { ...removing, force: false, isQuiet: true });
}

interface References {
  readonly names: readonly ImageName[];
  readonly digests: readonly ImageDigest[];
}

async function referencesOf({ rows }: ImagesContext, id: ImageID): Promise<References> {
  return { names: await rows.namesOf(id), digests: await rows.digestsOf(id) };
}

function allReferences({ names, digests }: References): readonly Reference[] {
  return [
    ...names.map(({ repository, tag }) => referenceOf(repository, { tag })),
    ...digests.map(({ repository, digest }) => referenceOf(repository, { digest })),
  ];
}

/** At most one tag, and digests of its repository alone. @see moby: daemon/images/image_delete.go (isSingleReference) */
function isOfOneName({ names, digests }: References): boolean {
  if (names.length + digests.length === 1) return true;
  if (names.length > 1 || digests.length === 0) return false;
  const repository = (names[0] ?? digests[0])?.repository;
  return digests.every((each) => each.repository === repository);
}

async function untag(
  context: ImagesContext,
  {
    id,
    reference,
    removed,
  }: { readonly id: ImageID; readonly reference: Reference; readonly removed: RemovedItem[] },
): Promise<void> {
  const { deps, names } = context;
  const repository = repositoryKey(reference);
  const { tag, digest } = reference;
  await deps.db.transaction(async (trx) => {
    if (digest !== undefined) {
      await trx
        .deleteFrom('image_digests')
        .where('repository', '=', repository)
        .where('digest', '=', digest)
        .where('image_id', '=', id)
        .execute();
    } else if (tag !== undefined) {
      await trx
        .deleteFrom('image_names')
        .where('repository', '=', repository)
        .where('tag', '=', tag)
        .where('image_id', '=', id)
        .execute();
    }
  });
  await emitImageEvent(context, { action: 'untag', id, name: id, labelsOf: id });
  // With a tag and a digest it is the digest that was meant.
  const shown = digest === undefined ? reference : referenceOf(repository, { digest });
  removed.push({ Untagged: names.familiar(shown) });
}

interface Conflict {
  readonly error: EngineError;
  /** A container has it, or another image was made from it. */
  readonly isOfUse: boolean;
}

/** Why an image may not go. */
async function conflictOf(
  { deps, rows }: ImagesContext,
  id: ImageID,
  { ignoresNames, force }: { readonly ignoresNames: boolean; readonly force: boolean },
): Promise<Conflict | undefined> {
  const refused = (isHard: boolean, why: string, isOfUse = true): Conflict => ({
    isOfUse,
    error: inUse(
      `conflict: unable to delete ${shortId(id)} (${isHard ? 'cannot be forced' : 'must be forced'}) - ${why}`,
    ),
  });
  if ((await rows.childrenOf(id)).length > 0) return refused(true, 'image has dependent child images');
  const users = await deps.containers.usersOfImage(id);
  const running = users.find(({ isRunning }) => isRunning);
  if (running !== undefined) {
    return refused(true, `image is being used by running container ${shortId(running.id)}`);
  }
  if (force) return undefined;
  if (!ignoresNames) {
    const [names, digests] = [await rows.namesOf(id), await rows.digestsOf(id)];
    if (names.length + digests.length > 0) {
      return refused(false, 'image is referenced in multiple repositories', false);
    }
  }
  const [stopped] = users;
  return stopped === undefined
    ? undefined
    : refused(false, `image is being used by stopped container ${shortId(stopped.id)}`);
}

function inUse(message: string): EngineError {
  return new EngineError('IMAGE_IN_USE', message);
}
