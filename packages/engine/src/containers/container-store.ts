import { EngineError } from '../errors.ts';
import type { Container } from './container.ts';

/** All containers, by id and by name. */
export class ContainerStore {
  readonly #byId = new Map<string, Container>();
  readonly #byName = new Map<string, string>();
  readonly #expected = new Set<Container>();

  /** Newest last. */
  all(): Container[] {
    return [...this.#byId.values()];
  }

  /** One that is being made: nobody sees it yet, but what it needs is in use. */
  expect(container: Container): Disposable {
    this.#expected.add(container);
    return { [Symbol.dispose]: () => this.#expected.delete(container) };
  }

  /** Also those that are being made, not those that are going. */
  users(): Container[] {
    return [...this.all(), ...this.#expected].filter(({ isLeaving }) => !isLeaving);
  }

  get(id: string): Container | undefined {
    return this.#byId.get(id);
  }

  add(container: Container): void {
    this.#byId.set(container.id, container);
    this.#byName.set(container.name, container.id);
  }

  delete(container: Container): void {
    this.#byId.delete(container.id);
    if (this.#byName.get(container.name) === container.id) this.#byName.delete(container.name);
  }

  /** Takes a name before anything is written, so that of two who want it at once one gets it. @throws `NAME_TAKEN` */
  reserve(name: string, id: string): void {
    const owner = this.#byName.get(name);
    if (owner !== undefined) throw nameTaken(name, owner);
    this.#byName.set(name, id);
  }

  release(name: string, id: string): void {
    if (this.#byName.get(name) === id) this.#byName.delete(name);
  }

  isTaken(name: string): boolean {
    return this.#byName.has(name);
  }

  /**
   * By id, name (with or without slash), or the beginning of an id, in this order.
   * @throws {EngineError} `CONTAINER_UNKNOWN`, `CONTAINER_AMBIGUOUS`
   */
  find(nameOrId: string): Container {
    const exact = this.#byId.get(nameOrId) ?? this.#byId.get(this.#byName.get(withoutSlash(nameOrId)) ?? '');
    if (exact !== undefined) return exact;
    const found = nameOrId === '' ? [] : this.all().filter(({ id }) => id.startsWith(nameOrId));
    if (found.length > 1) {
      const message = `multiple IDs found with provided prefix: ${nameOrId}`;
      throw new EngineError('CONTAINER_AMBIGUOUS', message);
    }
    const [container] = found;
    if (container === undefined) throw containerUnknown(nameOrId);
    return container;
  }
}

export function containerUnknown(nameOrId: string): EngineError {
  return new EngineError('CONTAINER_UNKNOWN', `No such container: ${nameOrId}`);
}

export function withoutSlash(name: string): string {
  return name.startsWith('/') ? name.slice(1) : name;
}

function nameTaken(name: string, ownerId: string): EngineError {
  const message = `Conflict. The container name "/${name}" is already in use by container "${ownerId}". You have to remove (or rename) that container to be able to reuse that name.`;
  return new EngineError('NAME_TAKEN', message, { detail: { name, owner: ownerId } });
}
