import type { ApiFilters } from '../api/types.ts';
import { EngineError } from '../errors.ts';
import { matchesLabels } from '../filters/labels.ts';
import { parseMoment } from '../filters/moment.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { remove } from './lifecycle/commands.ts';

/** Removes what does not run; `until` and labels choose. */
export async function pruneContainers(
  context: ContainersContext,
  filters: ApiFilters,
): Promise<{ readonly ContainersDeleted: readonly string[]; readonly SpaceReclaimed: number }> {
  for (const key of Object.keys(filters)) {
    if (!['until', 'label', 'label!'].includes(key)) {
      throw new EngineError('FILTER_INVALID', `invalid filter '${key}'`);
    }
  }
  const until = (filters.until ?? []).map((text) => parseMoment(text));
  const matches = ({ createdAt, settings }: Container): boolean =>
    until.every((moment) => createdAt < moment) &&
    matchesLabels(settings.config.Labels, filters.label ?? []) &&
    (filters['label!'] ?? []).every((label) => !matchesLabels(settings.config.Labels, [label]));
  const deleted: string[] = [];
  let space = 0;
  for (const container of context.store.all()) {
    if (container.isActive || container.isLeaving || !matches(container)) continue;
    try {
      const size = await context.storage.containerSize(container.id);
      await remove(context, container);
      deleted.push(container.id);
      space += size;
    } catch (error) {
      // Started or removed by somebody else meanwhile.
      if (!(error instanceof EngineError)) context.onFault(error, `pruning container ${container.id}`);
    }
  }
  context.emit({
    Type: 'container',
    Action: 'prune',
    Actor: { ID: '', Attributes: { reclaimed: String(space) } },
  });
  return { ContainersDeleted: deleted, SpaceReclaimed: space };
}
