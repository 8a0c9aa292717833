import { rm } from 'node:fs/promises';
import { containerPaths } from '../../data/paths.ts';
import { EngineError } from '../../errors.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { anonymousVolumes } from '../create.ts';
import { tell } from '../tell.ts';
import { releaseRun } from './release-run.ts';
import { cancelRestart } from './restarts.ts';

/**
 * Takes a container that does not run away: first the row says that it is going, then its parts go, then the row. Killed in
 * between, the next start goes on. The caller holds the mutex.
 *
 * @param options.isExit it removes itself (`--rm`): should it be cut, its policy has it removed at the next start anyway,
 *   and the first write is saved
 */
export async function removeContainer(
  context: ContainersContext,
  container: Container,
  options: { readonly volumes: boolean; readonly isExit?: boolean },
): Promise<void> {
  const { rows, storage, store, emit } = context;
  const { id } = container;
  const before = container.state;
  cancelRestart(container);
  container.isLeaving = true;
  container.state = { ...before, status: 'removing' };
  try {
    if (options.isExit !== true) await rows.setPhase(id, options.volumes ? 'removing-all' : 'removing');
    const { folder } = containerPaths(context.paths, id);
    await settled([
      releaseRun(context, container).then(() => storage.removeContainerLayer(id)),
      context.forget(id),
      rm(folder, { recursive: true, force: true }),
    ]);
    if (options.volumes) await removeVolumes(context, container);
    await rows.delete(id);
  } catch (error) {
    container.isLeaving = false;
    container.state = { ...before, status: 'dead' };
    const message = `container ${id}: ${(error as Error).message}`;
    container.tell('removed', message);
    throw new EngineError('REMOVE_FAILED', `cannot remove container "/${container.name}": ${message}`, {
      cause: error,
      hint: 'Try again; what is left of it is taken away at the next start of the engine at the latest',
    });
  }
  container.isGone = true;
  context.background.run('clients of a container', () => container.sendClientsHome());
  store.delete(container);
  tell(emit, container, { action: 'destroy' });
  container.tell('removed');
}

/** Those without a name that nobody else has: this container is leaving and does not count. */
async function removeVolumes(context: ContainersContext, container: Container): Promise<void> {
  const names = anonymousVolumes(container.settings.mounts);
  if (names.length > 0) await context.volumes.removeAnonymous(names);
}

/** All of them are over, then the first failure. */
async function settled(promises: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
