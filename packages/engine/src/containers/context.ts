import type { Monitor } from '@berth/monitor';
import type { Networks } from '@berth/network';
import type { ImageCatalog, PartDeps, VolumeCatalog } from '../parts.ts';
import type { ContainerStore } from './container-store.ts';
import type { FileThreads } from './files/file-threads.ts';
import type { ExecTable } from './processes/execs.ts';
import type { ContainerRows } from './rows.ts';

/** What containers are opened with. */
export interface ContainersDeps extends PartDeps {
  readonly images: ImageCatalog;
  readonly volumes: VolumeCatalog;
  readonly networks: Networks;
  /** The name under which clients may ask for the runtime: `runc`. */
  readonly runtimeName: string;
  /** @throws what made it impossible to run containers here (no runtime): images can be pulled all the same */
  readonly monitor: () => Monitor;
}

/** What the parts of containers share. */
export interface ContainersContext extends ContainersDeps {
  readonly store: ContainerStore;
  readonly rows: ContainerRows;
  readonly execs: ExecTable;
  readonly fileThreads: FileThreads;
  /** Work that nobody waits for and that must be over before the engine is closed. */
  readonly background: Background;
  /** Tells the monitor to forget a container; nothing to do where no monitor could be started. */
  readonly forget: (id: string) => Promise<void>;
  /** Fires when the engine is being closed. */
  readonly closing: AbortSignal;
}

/** Promises that nobody awaits: their failures are told, and closing waits for them. */
export class Background {
  readonly #running = new Set<Promise<void>>();
  readonly #onFault: (error: unknown, what: string) => void;

  constructor(onFault: (error: unknown, what: string) => void) {
    this.#onFault = onFault;
  }

  run(what: string, work: () => Promise<unknown>): void {
    const promise = work()
      .then(() => undefined)
      .catch((error: unknown) => this.#onFault(error, what))
      .finally(() => this.#running.delete(promise));
    this.#running.add(promise);
  }

  /** Resolves when nothing runs any more, what was begun meanwhile included. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
