import type { ApiContainerInspect, ApiContainerSummary, ApiFilters } from '../../api/types.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { inspectContainer } from './inspect.ts';
import { containerFilter } from './list-filters.ts';
import { summarize } from './summary.ts';

/** `ps` and `inspect`. */
export class ContainerViews {
  readonly #context: ContainersContext;
  /** Ids of networks do not change; asked once per name. */
  readonly #networkIds = new Map<string, string>();

  constructor(context: ContainersContext) {
    this.#context = context;
  }

  async list(options: {
    readonly all?: boolean;
    readonly limit?: number;
    readonly size?: boolean;
    readonly filters?: ApiFilters;
  }): Promise<readonly ApiContainerSummary[]> {
    const { store } = this.#context;
    const filter = await containerFilter(options.filters, this.#context);
    const { limit = 0 } = options;
    const isAll = options.all === true || limit > 0 || filter.includesStopped;
    const found = store
      .all()
      .filter((container) => (isAll || container.isActive) && filter.matches(container))
      .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
    const chosen = limit > 0 ? found.slice(0, limit) : found;
    await this.#learnNetworks();
    const nowMs = Date.now();
    const images = new Map<string, Promise<string>>();
    return await Promise.all(
      chosen.map(async (container) => ({
        ...summarize(container, {
          nowMs,
          image: await this.#imageName(container, images),
          networkIdOf: this.#networkIdOf,
        }),
        ...(options.size === true ? await this.#sizes(container) : {}),
      })),
    );
  }

  async inspect(container: Container, options: { readonly size?: boolean }): Promise<ApiContainerInspect> {
    const { storage, paths } = this.#context;
    await this.#learnNetworks();
    return {
      ...inspectContainer(container, {
        paths,
        driverName: storage.driverName,
        graphData: await this.#graphData(container),
        networkIdOf: this.#networkIdOf,
      }),
      ...(options.size === true ? await this.#sizes(container) : {}),
    };
  }

  readonly #networkIdOf = (name: string): string => this.#networkIds.get(name) ?? '';

  async #learnNetworks(): Promise<void> {
    for (const { name, id } of await this.#context.networks.list()) this.#networkIds.set(name, id);
  }

  async #graphData(container: Container): Promise<Readonly<Record<string, string>> | null> {
    if (container.isLeaving) return null;
    return await this.#context.storage.graphData(container.id);
  }

  /** The name it was made by, unless that names another image by now (or none). */
  async #imageName(container: Container, known: Map<string, Promise<string>>): Promise<string> {
    const { imageId, config } = container.settings;
    const key = `${imageId} ${config.Image}`;
    const asked = known.get(key) ?? this.#askImageName(imageId, config.Image);
    known.set(key, asked);
    return await asked;
  }

  async #askImageName(imageId: string, name: string): Promise<string> {
    if (imageId.startsWith(name) || imageId.slice('sha256:'.length).startsWith(name)) return name;
    return (await this.#context.images.find(name))?.id === imageId ? name : imageId;
  }

  async #sizes(container: Container): Promise<{ readonly SizeRw: number; readonly SizeRootFs: number }> {
    const { storage, images } = this.#context;
    const own = container.isLeaving ? 0 : await storage.containerSize(container.id);
    const image = await images.find(container.settings.imageId);
    return { SizeRw: own, SizeRootFs: own + (image?.sizeBytes ?? 0) };
  }
}
