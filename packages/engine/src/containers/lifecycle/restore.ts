import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Monitor, ProcessExit, RunningProcess } from '@berth/monitor';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { isFrozen } from '../processes/freezer.ts';
import { timeText } from '../times.ts';
import { containerExited } from './exits.ts';
import { removeContainer } from './remove.ts';
import { restartLater, shouldRestart } from './restarts.ts';

/**
 * After a start of the engine: what the rows say and what the monitor knows are brought together. Rows are read once, no
 * folder of a container is looked into.
 *
 * - runs by the monitor: it is ours again, with network and mounts;
 * - has ended while nobody looked: as if it ended now, with the code that the monitor saw;
 * - ran by its row and nobody knows it (the machine was started anew): exit code unknown, never 0;
 * - half made, half removed, or to be removed at its end: goes;
 * - `always`, `unless-stopped`: started again.
 */
export async function restoreContainers(
  context: ContainersContext,
  monitor: Monitor | undefined,
): Promise<void> {
  const { store } = context;
  const rows = await context.rows.all();
  for (const { container } of rows) store.add(container);
  const known = await monitor?.list();
  const running = new Map(
    (known?.running ?? []).filter(({ execId }) => execId === undefined).map((one) => [one.id, one]),
  );
  const exited = new Map(
    (known?.exited ?? []).filter(({ execId }) => execId === undefined).map((one) => [one.id, one]),
  );

  const whole = rows.filter(({ phase }) => phase === 'whole').map(({ container }) => container);
  const alive = whole.filter(({ id }) => running.has(id));
  await context.networks.restore(alive.map(({ id }) => id)).then(
    (removed) => removed.length,
    (error: unknown) => context.onFault(error, 'restoring networks'),
  );
  await Promise.all(alive.map((container) => adopt(context, container, running.get(container.id))));
  for (const { container, phase } of rows) {
    if (phase !== 'whole') finishLater(context, container, { volumes: phase !== 'removing' });
  }
  await forgetStrangers(context, monitor, [...running.keys(), ...exited.keys()]);
  await sweepFolders(context, alive);
  await unmountUnused(
    context,
    whole.filter(({ id }) => !running.has(id)),
  );
  for (const container of whole) {
    if (!running.has(container.id)) await settle(context, container, exited.get(container.id));
  }
}

/** A start that was killed between its mount and its bundle has left the mount alone. */
async function unmountUnused(context: ContainersContext, resting: readonly Container[]): Promise<void> {
  const layers = await context.storage.containerLayers();
  const mounted = new Set(layers.filter(({ isMounted }) => isMounted).map(({ name }) => name));
  for (const { id } of resting.filter((container) => mounted.has(container.id))) {
    try {
      await context.storage.unmount(id);
    } catch (error) {
      context.onFault(error, `the mount of container ${id}`);
    }
  }
}

/** It runs: state, network and mounts are taken over. */
async function adopt(
  context: ContainersContext,
  container: Container,
  process: RunningProcess | undefined,
): Promise<void> {
  if (process === undefined) return;
  const { pid, startedAt } = process;
  try {
    container.sandbox = await context.networks.sandbox(container.id);
    container.network = await context.networks.find(container.settings.hostConfig.NetworkMode ?? 'bridge');
    container.rootfs = await context.storage.mount(container.id);
  } catch (error) {
    context.onFault(error, `taking over container ${container.id}`);
  }
  // Frozen without a row that says so: an engine was killed in the middle of a pause or a commit.
  const isPaused = await isFrozen(pid);
  if (isPaused && container.state.status !== 'paused') await context.monitor().resume(container.id);
  const status = isPaused && container.state.status === 'paused' ? 'paused' : 'running';
  const isKnown = container.state.status === status && container.state.pid === pid;
  container.state = {
    ...container.state,
    status,
    pid,
    exitCode: 0,
    error: '',
    startedAt: isKnown ? (container.state.startedAt ?? timeText(startedAt)) : timeText(startedAt),
  };
  if (!isKnown) await context.rows.save(container);
}

/** Does not run. What ended meanwhile goes the way of every exit. */
async function settle(
  context: ContainersContext,
  container: Container,
  exit: ProcessExit | undefined,
): Promise<void> {
  const { hostConfig } = container.settings;
  const ran = container.state.status === 'running' || container.state.status === 'paused';
  // In the row already: only the monitor was not told that it may forget.
  const isNoted = exit !== undefined && container.state.finishedAt === timeText(exit.finishedAt);
  if (isNoted) context.background.run('forgotten exit', () => context.forget(container.id));
  if (ran || (exit !== undefined && !isNoted)) {
    const unknown = { exitCode: undefined, isOomKilled: false, finishedAt: new Date() };
    await container.mutex.run(() => endRun(context, container, exit ?? unknown));
    return;
  }
  if (hostConfig.AutoRemove === true && container.state.status !== 'created')
    return finishLater(context, container, { volumes: true });
  const isWaiting = container.state.status === 'restarting';
  const hasStarted = container.state.startedAt !== undefined;
  if (hasStarted && (isWaiting || shouldRestart(container, { isStart: true }))) {
    container.state = { ...container.state, status: 'restarting' };
    restartLater(context, container, { ranMs: 0, isStart: true });
  }
}

async function endRun(
  context: ContainersContext,
  container: Container,
  exit: Omit<ProcessExit, 'id'>,
): Promise<void> {
  // So that what the run had is given back, whatever of it is still there.
  container.rootfs ??= '';
  try {
    await containerExited(context, container, exit);
  } catch (error) {
    context.onFault(error, `end of container ${container.id}`);
  }
}

/** Half made or half removed: the rest of it goes. */
function finishLater(
  context: ContainersContext,
  container: Container,
  options: { readonly volumes: boolean },
): void {
  container.isLeaving = true;
  context.background.run(`removal of container ${container.id}`, () =>
    container.mutex.run(() => removeContainer(context, container, options)),
  );
}

/** Of a container whose row is gone or never came to be. */
async function forgetStrangers(
  context: ContainersContext,
  monitor: Monitor | undefined,
  ids: readonly string[],
): Promise<void> {
  for (const id of ids) {
    if (context.store.get(id) !== undefined) continue;
    context.background.run(`end of unknown container ${id}`, async () => {
      await monitor?.forget(id, { force: true });
    });
  }
}

/** Two listings, whatever number of containers there is. */
async function sweepFolders(context: ContainersContext, alive: readonly Container[]): Promise<void> {
  const { containers, bundles } = context.paths;
  const running = new Set(alive.map(({ id }) => id));
  for (const name of await readdir(containers)) {
    if (context.store.get(name) === undefined)
      await rm(join(containers, name), { recursive: true, force: true });
  }
  for (const name of await readdir(bundles)) {
    if (!running.has(name)) await rm(join(bundles, name), { recursive: true, force: true });
  }
}
