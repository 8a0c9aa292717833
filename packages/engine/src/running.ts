import { hasCode } from '@berth/errors';
import { type Monitor, startMonitor } from '@berth/monitor';
import { findRuntime, type RuntimeProgram } from '@berth/runtime';
import type { EnginePaths } from './data/paths.ts';

/** The runtime and the monitor of an engine, or why there are none. */
export interface Running extends AsyncDisposable {
  readonly program: RuntimeProgram;
  readonly found: Monitor | undefined;
  /** @throws why no container can be run here */
  readonly monitor: () => Monitor;
  /** Whether the monitor has any, of whichever engine. */
  readonly hasContainers: () => Promise<boolean>;
}

/** What `info` shows where there is none. */
const NO_PROGRAM: RuntimeProgram = { name: 'runc', path: '', version: '' };

/** A machine without a runtime has an engine all the same: images can be pulled, looked at and pushed. */
export async function openRunning(
  paths: EnginePaths,
  options: {
    readonly runtime?: string;
    readonly onFault: (error: unknown, what: string) => void;
    readonly signal?: AbortSignal;
  },
): Promise<Running> {
  const { onFault, signal } = options;
  const call = signal === undefined ? {} : { signal };
  try {
    const program = await findRuntime({
      scratch: paths.temporary,
      ...(options.runtime === undefined ? {} : { preferred: options.runtime }),
      ...call,
    });
    const monitor = await startMonitor({ runRoot: paths.runRoot, runtime: program, onFault, ...call });
    return {
      program,
      found: monitor,
      monitor: () => monitor,
      hasContainers: async () => (await monitor.list()).running.length > 0,
      [Symbol.asyncDispose]: () => monitor[Symbol.asyncDispose](),
    };
  } catch (error) {
    if (!hasCode(error) || error.code !== 'RUNTIME_MISSING') throw error;
    onFault(error, 'looking for a runtime');
    return {
      program: NO_PROGRAM,
      found: undefined,
      monitor: () => {
        throw error;
      },
      hasContainers: async () => false,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
}
