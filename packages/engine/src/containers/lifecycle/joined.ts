import { EngineError } from '../../errors.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { containerOfMode } from '../settings/modes.ts';
import { refused } from '../settings/refuse.ts';

/**
 * The running container whose namespace another one is to join.
 * @throws {EngineError} when it is not there, is itself, or does not run
 */
export function joinedContainer(
  { store }: ContainersContext,
  container: Container,
  options: { readonly mode: string | undefined; readonly what: 'network' | 'PID' },
): Container | undefined {
  const nameOrId = containerOfMode(options.mode);
  if (nameOrId === undefined) return undefined;
  const other = store.find(nameOrId);
  const { what } = options;
  if (other === container) throw refused(`cannot join own ${what} namespace`);
  if (other.state.status === 'restarting') {
    throw new EngineError(
      'CONTAINER_BUSY',
      `container ${other.id} is restarting, wait until the container is running`,
    );
  }
  if (!other.isActive || other.state.pid === 0) {
    const namespace = what === 'network' ? 'network of' : 'PID namespace of';
    throw new EngineError(
      'CONTAINER_NOT_RUNNING',
      `cannot join ${namespace} a non running container: ${other.id}`,
    );
  }
  return other;
}
