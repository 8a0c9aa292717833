import { cgroupMode } from '@berth/linux';
import type { ApiCreateContainer } from '../api/types.ts';
import { EngineError } from '../errors.ts';
import { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { newId, parseContainerName } from './ids.ts';
import { type ContainerSettings, FIRST_STATE, type MountPlan } from './model.ts';
import { type PlannedVolume, planMounts } from './plan-mounts.ts';
import { platformWarnings } from './platform.ts';
import { randomName } from './random-name.ts';
import { mergeConfig } from './settings/merge-config.ts';
import { networkingOptions } from './settings/modes.ts';
import { normaliseHostConfig } from './settings/normalise-host-config.ts';
import { exposedPorts } from './settings/ports.ts';
import { refused } from './settings/refuse.ts';
import { thisMachine } from './settings/resources.ts';
import { parseRestartPolicy } from './settings/restart-policy.ts';
import { validateConfig } from './settings/validate-config.ts';
import { storageSize, validateHostConfig } from './settings/validate-host-config.ts';
import { tell } from './tell.ts';

export interface CreateOptions {
  readonly name?: string | undefined;
  readonly platform?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Created {
  readonly Id: string;
  readonly Warnings: readonly string[];
}

/**
 * Makes a container: its row in the phase `creating` and its layer side by side, then its volumes and what goes into them,
 * then the row becomes `whole`. Killed anywhere before that, the next start takes away whatever the row names.
 */
export async function createContainer(
  context: ContainersContext,
  request: ApiCreateContainer,
  options: CreateOptions = {},
): Promise<Created> {
  const { store } = context;
  const asked =
    options.name === undefined || options.name === '' ? undefined : parseContainerName(options.name);
  const { settings, volumes, warnings } = await prepare(context, request, options);
  options.signal?.throwIfAborted();
  const id = newId();
  const name = asked ?? randomName((taken) => store.isTaken(taken));
  store.reserve(name, id);
  const container = new Container({ id, name, createdAt: new Date(), settings, state: FIRST_STATE });
  try {
    // Images and volumes that it is about to need are not removed meanwhile.
    using _pending = store.expect(container);
    await make(context, container, { volumes, signal: options.signal });
    store.add(container);
  } catch (error) {
    store.release(name, id);
    throw error;
  }
  tell(context.emit, container, { action: 'create' });
  return { Id: id, Warnings: warnings };
}

/** Everything that can be said no to before anything is made. */
async function prepare(
  context: ContainersContext,
  request: ApiCreateContainer,
  options: CreateOptions,
): Promise<{
  readonly settings: ContainerSettings;
  readonly volumes: readonly PlannedVolume[];
  readonly warnings: readonly string[];
}> {
  const { runtimeName } = context;
  validateConfig(request);
  validateHostConfig(request, { machine: thisMachine(), runtimeName });
  const host = request.HostConfig ?? {};
  const restartPolicy = parseRestartPolicy(host.RestartPolicy, { autoRemove: host.AutoRemove === true });
  const networking = networkingOptions(request, host);
  if (!request.Image) throw refused('no image specified');
  const image = await context.images.find(request.Image);
  if (image === undefined) throw imageUnknown(request.Image);
  const warnings = platformWarnings(image, { name: request.Image, wanted: options.platform });
  const config = mergeConfig(request, image.config.config);
  // What an image says is as little to be trusted as what a caller says.
  exposedPorts(config);
  const { mounts, volumes } = planMounts(context, { config, host });
  const hostConfig = normaliseHostConfig(host, { restartPolicy, runtimeName, cgroups: cgroupMode() });
  return {
    settings: {
      imageId: image.id,
      ...(image.chainID === undefined ? {} : { chainID: image.chainID }),
      ...{ config, hostConfig, mounts },
      ...networking,
    },
    volumes,
    warnings,
  };
}

interface MakeOptions {
  readonly volumes: readonly PlannedVolume[];
  readonly signal: AbortSignal | undefined;
}

async function make(context: ContainersContext, container: Container, options: MakeOptions): Promise<void> {
  const { storage, rows } = context;
  const { id, settings } = container;
  const { chainID, hostConfig } = settings;
  const sizeLimitBytes = storageSize(hostConfig);
  try {
    const inserted = rows.insert(container, 'creating');
    const results = await Promise.allSettled([
      inserted,
      storage.createContainerLayer(id, {
        ...(chainID === undefined ? {} : { parent: chainID }),
        ...(sizeLimitBytes === undefined ? {} : { sizeLimitBytes }),
      }),
      // After the row, which tells the next start of those that have no name.
      inserted.then(() => makeVolumes(context, container, options.volumes)),
    ]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    options.signal?.throwIfAborted();
    await fillVolumes(context, id, options);
    await rows.complete(container);
  } catch (error) {
    await undo(context, container);
    throw error;
  }
}

/** Awaited by who failed, since the row still has the name. */
async function undo(context: ContainersContext, { id, settings }: Container): Promise<void> {
  try {
    await context.storage.removeContainerLayer(id);
    await context.volumes.removeAnonymous(anonymousVolumes(settings.mounts));
    await context.rows.delete(id);
  } catch (fault) {
    context.onFault(fault, `undo of the creation of container ${id}`);
  }
}

/** Makes those that are missing, and notes where their data is. */
async function makeVolumes(
  context: ContainersContext,
  container: Container,
  volumes: readonly PlannedVolume[],
): Promise<void> {
  const paths = new Map<string, string>();
  for (const { name, labels } of volumes) {
    const { path } = await context.volumes.ensure(name, labels === undefined ? {} : { labels });
    paths.set(name, path);
  }
  const { settings } = container;
  const mounts = settings.mounts.map((mount) =>
    mount.type === 'volume' ? { ...mount, source: paths.get(mount.name) ?? mount.source } : mount,
  );
  container.settings = { ...settings, mounts };
}

/** The data that the image has where an empty volume is mounted goes into the volume. */
async function fillVolumes(context: ContainersContext, id: string, options: MakeOptions): Promise<void> {
  const volumes = options.volumes.filter(({ isFilled }) => isFilled);
  if (volumes.length === 0) return;
  const rootfs = await context.storage.mount(id);
  try {
    for (const { name, destination } of volumes) {
      await context.volumes.copyUp(name, {
        rootfs,
        path: destination,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
    }
  } finally {
    await context.storage.unmount(id);
  }
}

export function anonymousVolumes(mounts: readonly MountPlan[]): readonly string[] {
  return mounts.flatMap((mount) => (mount.type === 'volume' && mount.isAnonymous ? [mount.name] : []));
}

function imageUnknown(name: string): EngineError {
  const hasTag =
    name.includes('@') || name.lastIndexOf(':') > name.lastIndexOf('/') || /^[0-9a-f]{64}$/.test(name);
  return new EngineError('IMAGE_UNKNOWN', `No such image: ${hasTag ? name : `${name}:latest`}`, {
    detail: { image: name },
  });
}
