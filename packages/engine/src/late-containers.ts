import type { ContainerCatalog } from './parts.ts';

/** Containers as images and volumes see them, which are opened before: asked while an engine opens, there are none yet to ask about. */
export class LateContainers implements ContainerCatalog {
  containers: ContainerCatalog | undefined;

  async usersOfImage(...args: Parameters<ContainerCatalog['usersOfImage']>) {
    return await this.#opened().usersOfImage(...args);
  }

  async usersOfVolume(...args: Parameters<ContainerCatalog['usersOfVolume']>) {
    return await this.#opened().usersOfVolume(...args);
  }

  #opened(): ContainerCatalog {
    if (this.containers === undefined) throw new Error('Containers are asked for before they are opened');
    return this.containers;
  }
}
