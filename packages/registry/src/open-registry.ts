import { type Database, openDatabase } from '@berth/db';
import { checkRegistry } from './check/check-registry.ts';
import type { CheckOptions, CheckReport } from './check/report.ts';
import { createHandler } from './http/handler.ts';
import type { Services } from './http/services.ts';
import { DEFAULT_LIMITS, type RegistryLimits } from './limits.ts';
import { Manifests } from './manifests/manifests.ts';
import { createQueries } from './queries/registry-queries.ts';
import type { Registry, RegistryOptions, StartSweep } from './registry.ts';
import { RESERVED_NAMESPACES } from './reserved-namespaces.ts';
import { createLeases } from './store/leases.ts';
import { REGISTRY_MIGRATIONS } from './store/migrations.ts';
import { RegistryStore } from './store/registry-store.ts';
import type { RegistryTables } from './store/schema.ts';
import { sweepOldUploads, sweepOrphanedIngests, undoCutCommits } from './uploads/sweep-uploads.ts';
import { UploadSessions } from './uploads/upload-sessions.ts';

const SWEEP_EVERY_MS = 3_600_000;

/**
 * Opens the registry and sweeps what a stop in the middle left behind. One process at a time may serve from one
 * database and blob store; `check` may run from others.
 *
 * @throws {DatabaseError} as `openDatabase` does
 */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const { blobs, onStep = () => {}, onAccess, onFault } = options;
  const limits: RegistryLimits = { ...DEFAULT_LIMITS, ...options.limits };
  await using stack = new AsyncDisposableStack();
  const database = await useDatabase(options, stack);
  const store = new RegistryStore(database);
  const sweptAtStart = await sweepAtStart({ store, blobs, limits });

  const uploads = stack.use(
    new UploadSessions({ store, blobs, blobMaxSizeBytes: limits.blobMaxSizeBytes, onStep }),
  );
  const manifests = new Manifests({
    store,
    blobs,
    sparseManifests: options.sparseManifests ?? false,
    cacheBytes: limits.manifestCacheBytes,
    onStep,
  });
  const leases = createLeases(store);
  const closing = stack.adopt(new AbortController(), (controller) => controller.abort());
  const sweeper = setInterval(() => {
    const before = database.now().getTime() - limits.uploadLifetimeMs;
    Promise.all([sweepOldUploads({ store, blobs, before }), leases.prune()]).catch((error: unknown) =>
      onFault?.(error, 'sweep of old uploads'),
    );
  }, SWEEP_EVERY_MS).unref();
  stack.defer(() => clearInterval(sweeper));

  const services: Omit<Services, 'authorize' | 'known'> = {
    store,
    blobs,
    manifests,
    uploads,
    limits,
    reservedNamespaces: options.reservedNamespaces ?? RESERVED_NAMESPACES,
    signal: closing.signal,
  };
  const owned = stack.move();
  return {
    queries: createQueries(database),
    events: database.events,
    leases,
    sweptAtStart,
    serve: (authorizer) =>
      createHandler({
        services,
        authorizer,
        ...(onAccess === undefined ? {} : { onAccess }),
        ...(onFault === undefined ? {} : { onFault }),
      }),
    check: (checkOptions = {}) => checkRegistry({ store, blobs, options: checkOptions }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * Checks a registry without opening it for requests: nothing is swept, so it may run beside the process that
 * serves from the same database and blob store.
 */
export async function checkRegistryFiles(
  files: Pick<RegistryOptions, 'database' | 'blobs'>,
  options: CheckOptions = {},
): Promise<CheckReport> {
  await using stack = new AsyncDisposableStack();
  const store = new RegistryStore(await useDatabase(files, stack));
  return await checkRegistry({ store, blobs: files.blobs, options });
}

async function useDatabase(
  { database, onStep }: Pick<RegistryOptions, 'database' | 'onStep'>,
  stack: AsyncDisposableStack,
): Promise<Database<RegistryTables>> {
  if (!('url' in database)) return database;
  return stack.use(
    await openDatabase<RegistryTables>({
      url: database.url,
      migrations: REGISTRY_MIGRATIONS,
      ...(onStep === undefined ? {} : { onStep }),
    }),
  );
}

async function sweepAtStart(options: {
  readonly store: RegistryStore;
  readonly blobs: RegistryOptions['blobs'];
  readonly limits: RegistryLimits;
}): Promise<StartSweep> {
  const { store, blobs, limits } = options;
  const undoneCommits = await undoCutCommits({ store, blobs });
  const before = store.database.now().getTime() - limits.uploadLifetimeMs;
  const expiredUploads = await sweepOldUploads({ store, blobs, before });
  const orphanedIngests = await sweepOrphanedIngests({ store, blobs });
  return { undoneCommits, expiredUploads, orphanedIngests };
}
