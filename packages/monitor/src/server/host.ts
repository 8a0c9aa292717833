import type { Runtime, RuntimeProgram } from '@berth/runtime';
import type { ProcessExit } from '../interface.ts';
import type { MonitorPaths } from '../paths.ts';
import type { ProcessName } from '../protocol/messages.ts';
import type { AttachedClient } from './attached-client.ts';
import type { InFlight } from './in-flight.ts';
import type { Reaper } from './reaper.ts';

/** What a container needs of the monitor that it is in. */
export interface Host {
  readonly paths: MonitorPaths;
  readonly reaper: Reaper;
  readonly inFlight: InFlight;
  runtime(program: RuntimeProgram): Runtime;
  /** Clients that asked for this process before it was there. */
  takeWaiting(name: ProcessName): readonly AttachedClient[];
  /** Tells every engine. What is told is on the disk. @returns whether there was one */
  exited(exit: ProcessExit): boolean;
  /** Tells every engine to close its copy of the input. */
  inputEnded(name: ProcessName): void;
  fault(error: unknown, what: string): void;
}
