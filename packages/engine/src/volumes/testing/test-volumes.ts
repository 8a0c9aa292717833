import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiEvent } from '../../api/types.ts';
import { openEngineDatabase } from '../../database/open.ts';
import type { Volumes } from '../../interface.ts';
import type { VolumeCatalog } from '../../parts.ts';
import { openVolumes } from '../open-volumes.ts';

export interface TestVolumes extends AsyncDisposable {
  readonly volumes: Volumes & VolumeCatalog;
  readonly dataRoot: string;
  readonly events: Pick<ApiEvent, 'Type' | 'Action' | 'Actor'>[];
  /** Name of a volume → ids of its containers, put in by the test. */
  readonly users: Map<string, readonly string[]>;
  readonly faults: unknown[];
}

/** Volumes over a real database, in a folder of their own or a given one, which is kept then. */
export async function openTestVolumes(
  options: { readonly dataRoot?: string; readonly onStep?: (step: string) => void } = {},
): Promise<TestVolumes> {
  const dataRoot = options.dataRoot ?? (await mkdtemp(join(tmpdir(), 'berth-volumes-')));
  await using stack = new AsyncDisposableStack();
  if (options.dataRoot === undefined) stack.defer(() => rm(dataRoot, { recursive: true, force: true }));
  const db = stack.use(await openEngineDatabase(join(dataRoot, 'engine.db')));
  const events: Pick<ApiEvent, 'Type' | 'Action' | 'Actor'>[] = [];
  const users = new Map<string, readonly string[]>();
  const faults: unknown[] = [];
  const volumes = await openVolumes({
    db,
    dataRoot,
    containers: {
      usersOfImage: async () => [],
      usersOfVolume: async (name) => users.get(name) ?? [],
    },
    emit: (event) => events.push(event),
    onFault: (error) => faults.push(error),
    onStep: options.onStep,
  });
  const owned = stack.move();
  return {
    volumes,
    dataRoot,
    events,
    users,
    faults,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
