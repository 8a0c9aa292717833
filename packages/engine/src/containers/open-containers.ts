import type { Monitor, ProcessExit } from '@berth/monitor';
import { ContainerCalls } from './container-calls.ts';
import { ContainerStore } from './container-store.ts';
import { Background, type ContainersContext, type ContainersDeps } from './context.ts';
import { FileThreads } from './files/file-threads.ts';
import { handleExit } from './lifecycle/exits.ts';
import { restoreContainers } from './lifecycle/restore.ts';
import { execExited } from './processes/exec-calls.ts';
import { ExecTable } from './processes/execs.ts';
import { ContainerRows } from './rows.ts';

/**
 * Opens the containers of one engine: reads their rows, brings them together with what runs, and follows the exits that the
 * monitor tells of.
 */
export async function openContainers(
  deps: ContainersDeps & { readonly runningMonitor: Monitor | undefined },
): Promise<ContainerCalls> {
  const closing = new AbortController();
  const { runningMonitor } = deps;
  const context: ContainersContext = {
    ...deps,
    store: new ContainerStore(),
    rows: new ContainerRows(deps.database, deps.onStep),
    execs: new ExecTable(),
    fileThreads: new FileThreads(),
    background: new Background(deps.onFault),
    closing: closing.signal,
    forget: async (id) => await runningMonitor?.forget(id, { force: true }),
  };
  await restoreContainers(context, runningMonitor);
  const following =
    runningMonitor === undefined ? undefined : followExits(context, runningMonitor, closing.signal);
  return new ContainerCalls(context, {
    close: async () => {
      closing.abort();
      await following;
      await context.background.idle();
    },
  });
}

async function followExits(context: ContainersContext, monitor: Monitor, signal: AbortSignal): Promise<void> {
  try {
    for await (const exit of monitor.exits({ signal })) {
      context.background.run(`exit of ${exit.id}`, () => dispatch(context, exit));
    }
  } catch (error) {
    if (!signal.aborted) context.onFault(error, 'exits of containers');
  }
}

async function dispatch(context: ContainersContext, exit: ProcessExit): Promise<void> {
  const container = context.store.get(exit.id);
  if (container === undefined) {
    // Its row is gone: nobody has a use for how it ended.
    if (exit.execId === undefined) await context.forget(exit.id);
    return;
  }
  if (exit.execId !== undefined) return execExited(context, container, exit);
  await handleExit(context, container, exit);
}
