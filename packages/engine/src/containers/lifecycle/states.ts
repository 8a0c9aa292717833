import { EngineError } from '../../errors.ts';
import type { Container } from '../container.ts';
import { containerUnknown } from '../container-store.ts';

/** @throws {EngineError} `CONTAINER_UNKNOWN`, `CONTAINER_BUSY`: it is going or half gone */
export function refuseLeaving(container: Container, verb: string): void {
  if (container.isGone) throw containerUnknown(container.id);
  const { status } = container.state;
  if (container.isLeaving || status === 'removing' || status === 'dead') {
    const message = `container is marked for removal and cannot be ${verb === 'start' ? 'started' : verb}`;
    throw new EngineError('CONTAINER_BUSY', message);
  }
}
