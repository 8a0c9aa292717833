import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LayerStore, openLayerStore } from '@berth/storage';
import type { ApiEvent } from '../../api/types.ts';
import { type EngineDatabase, openEngineDatabase } from '../../database/open.ts';
import type { Images } from '../../interface.ts';
import type { ContainerCatalog, ImageCatalog } from '../../parts.ts';
import type { ImagesDeps } from '../deps.ts';
import { openImages } from '../open-images.ts';

export type TestEvent = Pick<ApiEvent, 'Type' | 'Action' | 'Actor'>;

export interface ContainerOfTest {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly isRunning: boolean;
}

/** Images over a real layer store (vfs, which works everywhere) and a real database, in a folder of their own. */
export interface TestImages extends AsyncDisposable {
  readonly images: Images & ImageCatalog;
  readonly layers: LayerStore;
  readonly db: EngineDatabase;
  readonly dataRoot: string;
  readonly events: TestEvent[];
  /** Put in by the test: who uses which image. */
  readonly containers: ContainerOfTest[];
  /** Closes all and opens it again on the same folder. */
  reopen(): Promise<TestImages>;
}

export interface OpenTestImagesOptions extends Partial<Omit<ImagesDeps, 'db' | 'layers' | 'emit'>> {
  readonly driver?: string;
}

export async function openTestImages(options: OpenTestImagesOptions = {}): Promise<TestImages> {
  const dataRoot = options.dataRoot ?? (await mkdtemp(join(tmpdir(), 'berth-images-')));
  const { driver = 'vfs', ...given } = options;
  await using stack = new AsyncDisposableStack();
  let isKept = options.dataRoot !== undefined;
  stack.defer(async () => {
    if (!isKept) await rm(dataRoot, { recursive: true, force: true });
  });
  const steps = options.onStep === undefined ? {} : { onStep: options.onStep };
  const db = stack.use(await openEngineDatabase(join(dataRoot, 'engine.db'), steps));
  const layers = stack.use(await openLayerStore({ root: join(dataRoot, 'storage'), driver, ...steps }));
  const events: TestEvent[] = [];
  const containers: ContainerOfTest[] = [];
  const catalog: ContainerCatalog = {
    usersOfImage: async (id) => containers.filter(({ image }) => image === id),
    usersOfVolume: async () => [],
  };
  const images = await openImages({
    containers: catalog,
    ...given,
    db,
    layers,
    dataRoot,
    emit: (event) => events.push(event),
  });
  const owned = stack.move();
  return {
    images,
    layers,
    db,
    dataRoot,
    events,
    containers,
    async reopen() {
      isKept = true;
      await owned.disposeAsync();
      const again = await openTestImages({ ...options, dataRoot });
      return { ...again, [Symbol.asyncDispose]: () => removeAfter(again, dataRoot) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function removeAfter(opened: AsyncDisposable, dataRoot: string): Promise<void> {
  await opened[Symbol.asyncDispose]();
  await rm(dataRoot, { recursive: true, force: true });
}
