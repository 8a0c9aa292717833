import type { ApiCreateContainer, ApiExecCreate } from '../api/types.ts';
import { EngineError } from '../errors.ts';
import type { Containers } from '../interface.ts';
import type { ContainerCatalog } from '../parts.ts';
import { commitContainer } from './commit.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { createContainer } from './create.ts';
import { exportTar, readArchive, statPath, writeArchive } from './files/archive.ts';
import { kill, pause, remove, restart, start, stop, unpause } from './lifecycle/commands.ts';
import { waitForContainer } from './lifecycle/wait.ts';
import { volumesOf } from './plan-mounts.ts';
import { attachContainer } from './processes/attach.ts';
import { createExec, startExec } from './processes/exec-calls.ts';
import { containerLogs } from './processes/logs.ts';
import { resizeContainer, resizeExec } from './processes/resize.ts';
import { containerStats } from './processes/stats.ts';
import { containerTop } from './processes/top.ts';
import { pruneContainers } from './prune.ts';
import { renameContainer } from './rename.ts';
import { tell } from './tell.ts';
import { updateContainer } from './update.ts';
import { ContainerViews } from './views/container-views.ts';

/** `Containers` over its parts: each call finds the container it names and hands it on. */
export class ContainerCalls implements Containers, ContainerCatalog, AsyncDisposable {
  readonly #context: ContainersContext;
  readonly #views: ContainerViews;
  readonly #close: () => Promise<void>;

  constructor(context: ContainersContext, options: { readonly close: () => Promise<void> }) {
    this.#context = context;
    this.#views = new ContainerViews(context);
    this.#close = options.close;
  }

  #find(nameOrId: string): Container {
    if (this.#context.closing.aborted) throw new EngineError('ENGINE_CLOSED', 'the engine is being closed');
    return this.#context.store.find(nameOrId);
  }

  async create(config: ApiCreateContainer, options: Parameters<Containers['create']>[1] = {}) {
    return await createContainer(this.#context, config, options);
  }

  async start(nameOrId: string, options: Parameters<Containers['start']>[1] = {}): Promise<boolean> {
    return await start(this.#context, this.#find(nameOrId), options);
  }

  async stop(nameOrId: string, options: Parameters<Containers['stop']>[1] = {}): Promise<boolean> {
    return await stop(this.#context, this.#find(nameOrId), options);
  }

  async restart(nameOrId: string, options: Parameters<Containers['restart']>[1] = {}): Promise<void> {
    await restart(this.#context, this.#find(nameOrId), options);
  }

  async kill(nameOrId: string, options: Parameters<Containers['kill']>[1] = {}): Promise<void> {
    try {
      await kill(this.#context, this.#find(nameOrId), options);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new EngineError(error.code, `cannot kill container: ${nameOrId}: ${error.message}`, {
        cause: error,
      });
    }
  }

  async pause(nameOrId: string): Promise<void> {
    await pause(this.#context, this.#find(nameOrId));
  }

  async unpause(nameOrId: string): Promise<void> {
    await unpause(this.#context, this.#find(nameOrId));
  }

  async rename(nameOrId: string, newName: string): Promise<void> {
    await renameContainer(this.#context, this.#find(nameOrId), newName);
  }

  async remove(nameOrId: string, options: Parameters<Containers['remove']>[1] = {}): Promise<void> {
    await remove(this.#context, this.#find(nameOrId), options);
  }

  async wait(nameOrId: string, options: Parameters<Containers['wait']>[1] = {}) {
    return await waitForContainer(this.#find(nameOrId), { ...options, closing: this.#context.closing });
  }

  async list(options: Parameters<Containers['list']>[0] = {}) {
    return await this.#views.list(options);
  }

  async inspect(nameOrId: string, options: Parameters<Containers['inspect']>[1] = {}) {
    return await this.#views.inspect(this.#find(nameOrId), options);
  }

  async top(nameOrId: string, psArgs?: string) {
    return await containerTop(this.#context, this.#find(nameOrId), psArgs);
  }

  async changes(nameOrId: string, options: Parameters<Containers['changes']>[1] = {}) {
    const found = await this.#context.storage.changes(this.#find(nameOrId).id, options);
    return found.map(({ kind, path }) => ({ Path: path, Kind: CHANGE_KINDS[kind] }));
  }

  stats(nameOrId: string, options: Parameters<Containers['stats']>[1]) {
    return containerStats(this.#context, this.#find(nameOrId), options);
  }

  async update(nameOrId: string, changes: Readonly<Record<string, unknown>>) {
    return await updateContainer(this.#context, this.#find(nameOrId), changes);
  }

  async prune(filters: Parameters<Containers['prune']>[0] = {}) {
    return await pruneContainers(this.#context, filters);
  }

  async attach(nameOrId: string, options: Parameters<Containers['attach']>[1]) {
    return await attachContainer(this.#context, this.#find(nameOrId), options);
  }

  async detached(nameOrId: string): Promise<void> {
    tell(this.#context.emit, this.#find(nameOrId), { action: 'detach' });
  }

  async resize(nameOrId: string, size: Parameters<Containers['resize']>[1]): Promise<void> {
    await resizeContainer(this.#context, this.#find(nameOrId), size);
  }

  async logs(nameOrId: string, options: Parameters<Containers['logs']>[1]) {
    return containerLogs(this.#context, this.#find(nameOrId), options);
  }

  async createExec(nameOrId: string, exec: ApiExecCreate): Promise<string> {
    return createExec(this.#context, this.#find(nameOrId), exec);
  }

  async startExec(execId: string, options: Parameters<Containers['startExec']>[1]) {
    return await startExec(this.#context, execId, options);
  }

  async resizeExec(execId: string, size: Parameters<Containers['resizeExec']>[1]): Promise<void> {
    await resizeExec(this.#context, execId, size);
  }

  async inspectExec(execId: string) {
    return this.#context.execs.find(execId).inspect();
  }

  async statPath(nameOrId: string, path: string) {
    return await statPath(this.#context, this.#find(nameOrId), path);
  }

  async readArchive(nameOrId: string, path: string, options: Parameters<Containers['readArchive']>[2] = {}) {
    return await readArchive(this.#context, this.#find(nameOrId), { ...options, path });
  }

  async writeArchive(
    nameOrId: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options: Parameters<Containers['writeArchive']>[3] = {},
  ): Promise<void> {
    await writeArchive(this.#context, this.#find(nameOrId), { ...options, path, tar });
  }

  exportTar(nameOrId: string, options: Parameters<Containers['exportTar']>[1] = {}) {
    return exportTar(this.#context, this.#find(nameOrId), options);
  }

  async commit(nameOrId: string, options: Parameters<Containers['commit']>[1] = {}) {
    return await commitContainer(this.#context, this.#find(nameOrId), options);
  }

  async usersOfImage(id: string) {
    return this.#context.store
      .users()
      .filter(({ settings }) => settings.imageId === id)
      .map((container) => ({ id: container.id, name: container.name, isRunning: container.isActive }));
  }

  async usersOfVolume(name: string): Promise<readonly string[]> {
    const has = ({ settings }: Container) =>
      volumesOf(settings.mounts).some((volume) => volume.name === name);
    return this.#context.store
      .users()
      .filter(has)
      .map(({ id }) => id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

const CHANGE_KINDS = { modified: 0, added: 1, deleted: 2 } as const;
