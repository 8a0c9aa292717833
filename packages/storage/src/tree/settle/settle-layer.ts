import { asStorageError } from '../failure.ts';
import { appendMoves } from '../tar-split/writer.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import type { TreeJobOf } from '../threads/messages.ts';
import { Settler } from './settler.ts';

/** Gives a folder of changes the tree that unpacking in order would have given. */
export function settleLayer(job: TreeJobOf<'settle'>, cancel: CancelFlag): void {
  if (job.folder.form === 'tree') return;
  try {
    const settler = new Settler({ ...job, folder: job.folder, cancel });
    settler.run();
    if (settler.moves.length > 0) appendMoves(job.tarSplitPath, settler.moves);
  } catch (error) {
    throw asStorageError(error, {
      doing: 'settle a layer in',
      entry: job.folder.path,
      disk: job.folder.path,
    });
  }
}
