import type { ContainerConfig, History, ImageConfig } from '@berth/oci';
import type { ApiContainerConfig } from '../api/types.ts';
import { EngineError } from '../errors.ts';
import { applyChanges } from '../images/apply-changes.ts';
import type { Containers } from '../interface.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { mergeConfig } from './settings/merge-config.ts';
import { tell } from './tell.ts';
import { timeText } from './times.ts';

type CommitOptions = NonNullable<Parameters<Containers['commit']>[1]>;

/**
 * Makes an image of what the container changed. While its files are read it is frozen, unless the caller says otherwise: then
 * the image is what was read.
 */
export async function commitContainer(
  context: ContainersContext,
  container: Container,
  options: CommitOptions = {},
): Promise<{ readonly Id: string }> {
  if (container.isLeaving || container.state.status === 'dead') {
    const what = container.isLeaving ? 'being removed' : 'Dead';
    throw new EngineError('CONTAINER_BUSY', `You cannot commit container ${container.id} which is ${what}`);
  }
  const config = committedConfig(container.settings.config, options);
  const base = await context.images.find(container.settings.imageId);
  if (base === undefined) {
    throw new EngineError('IMAGE_UNKNOWN', `No such image: ${container.settings.imageId}`);
  }
  const layer = await frozen(context, container, {
    isWanted: options.pause !== false,
    work: () =>
      context.storage.commit(container.id, options.signal === undefined ? {} : { signal: options.signal }),
  });
  const { comment = '', author = '', reference } = options;
  const created = timeText(new Date());
  const history: History = {
    created,
    ...(author === '' ? {} : { author }),
    created_by: (container.settings.config.Cmd ?? []).join(' '),
    ...(comment === '' ? {} : { comment }),
    ...(layer === undefined ? { empty_layer: true } : {}),
  };
  const id = await context.images.add({
    config: childConfig(base.config, { config, created, author, history, diffID: layer?.diffID }),
    ...(reference === undefined || reference === '' ? {} : { reference }),
    parent: base.id,
  });
  tell(context.emit, container, {
    action: 'commit',
    attributes: { comment, imageID: id, imageRef: reference ?? '' },
  });
  return { Id: id };
}

function childConfig(
  base: ImageConfig,
  child: {
    readonly config: ContainerConfig;
    readonly created: string;
    readonly author: string;
    readonly history: History;
    readonly diffID: ImageConfig['rootfs']['diff_ids'][number] | undefined;
  },
): ImageConfig {
  const { architecture, os, variant, 'os.version': version, 'os.features': features } = base;
  return {
    created: child.created,
    ...(child.author === '' ? {} : { author: child.author }),
    architecture,
    ...(variant === undefined ? {} : { variant }),
    os,
    ...(version === undefined ? {} : { 'os.version': version }),
    ...(features === undefined ? {} : { 'os.features': features }),
    config: child.config,
    rootfs: {
      type: 'layers',
      diff_ids: [...base.rootfs.diff_ids, ...(child.diffID === undefined ? [] : [child.diffID])],
    },
    history: [...(base.history ?? []), child.history],
  };
}

/** The changes over the request's config over the container's: as Docker merges them. */
function committedConfig(own: ApiContainerConfig, options: CommitOptions): ContainerConfig {
  const changed = applyChanges((options.config ?? {}) as ContainerConfig, options.changes ?? []);
  const merged = mergeConfig({ ...(changed as object), Image: own.Image }, withoutNulls(own));
  const kept = FIELDS.map((name) => [name, merged[name]] as const);
  return Object.fromEntries(kept.filter(([, value]) => !isEmpty(value))) as ContainerConfig;
}

/** What an image says of how it runs; the rest of a container's config is of that container. */
const FIELDS = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'Healthcheck',
  'Shell',
  'OnBuild',
] as const;

function withoutNulls(config: ApiContainerConfig): ContainerConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null)) as ContainerConfig;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/**
 * The pause is in no row: an engine that is killed meanwhile finds a frozen container that its row calls running, and thaws it.
 */
async function frozen<T>(
  context: ContainersContext,
  container: Container,
  options: { readonly isWanted: boolean; readonly work: () => Promise<T> },
): Promise<T> {
  const isFrozen = options.isWanted && (await freeze(context, container));
  try {
    return await options.work();
  } finally {
    if (isFrozen) await thaw(context, container);
  }
}

async function freeze(context: ContainersContext, container: Container): Promise<boolean> {
  return await container.mutex.run(async () => {
    if (container.state.status !== 'running') return false;
    await context.monitor().pause(container.id);
    container.state = { ...container.state, status: 'paused' };
    tell(context.emit, container, { action: 'pause' });
    return true;
  });
}

async function thaw(context: ContainersContext, container: Container): Promise<void> {
  await container.mutex.run(async () => {
    if (container.state.status !== 'paused') return;
    await context.monitor().resume(container.id);
    container.state = { ...container.state, status: 'running' };
    tell(context.emit, container, { action: 'unpause' });
  });
}
