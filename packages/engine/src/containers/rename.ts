import { EngineError } from '../errors.ts';
import type { Container } from './container.ts';
import { withoutSlash } from './container-store.ts';
import type { ContainersContext } from './context.ts';
import { parseContainerName } from './ids.ts';
import { refuseLeaving } from './lifecycle/states.ts';
import { refused } from './settings/refuse.ts';
import { tell } from './tell.ts';

export async function renameContainer(
  context: ContainersContext,
  container: Container,
  newName: string,
): Promise<void> {
  if (newName === '' || newName === '/') throw refused('Neither old nor new names may be empty');
  const name = parseContainerName(newName);
  await container.mutex.run(async () => {
    refuseLeaving(container, 'renamed');
    const before = container.name;
    if (withoutSlash(name) === before) {
      throw refused('Renaming a container with the same name as its current name');
    }
    reserve(context, container, name);
    container.name = name;
    try {
      await context.rows.save(container);
    } catch (error) {
      container.name = before;
      context.store.release(name, container.id);
      throw error;
    }
    context.store.release(before, container.id);
    tell(context.emit, container, { action: 'rename', attributes: { oldName: `/${before}` } });
  });
}

function reserve(context: ContainersContext, container: Container, name: string): void {
  try {
    context.store.reserve(name, container.id);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError('NAME_TAKEN', `Error when allocating new name: ${error.message}`, { cause: error });
  }
}
