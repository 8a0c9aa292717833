/**
 * The registry as others use it.
 *
 * Example
 *
 *     await using registry = await openRegistry({ databaseUrl: 'sqlite:/data/registry.db', blobs });
 *     const handle = registry.serve(authorizer);
 *     http.createServer((req, res) => handle(req, res, { baseUrl, remoteAddress }));
 *
 * The authorizer comes second because whoever makes it (the Index) needs `queries` and `events` first.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlobStore, Leases } from '@berth/content';
import type { Database } from '@berth/db';
import type { EventLog } from '@berth/events';
import type { AccessRecord } from './access-record.ts';
import type { Authorizer } from './auth/interface.ts';
import type { CheckOptions, CheckReport } from './check/report.ts';
import type { RegistryLimits } from './limits.ts';
import type { RegistryQueries } from './queries/interface.ts';
import type { RegistryTables } from './store/schema.ts';

export interface RequestContext {
  /** Where the client reached us, without a slash at the end: `https://hub.example.org`. */
  readonly baseUrl: string;
  /** The client's address, after trusted proxies. */
  readonly remoteAddress: string;
}

/** Answers one request; never throws and never rejects. */
export type RegistryHandler = (req: IncomingMessage, res: ServerResponse, context: RequestContext) => void;

export interface RegistryOptions {
  /** The registry's own database: an open one, which the caller closes, or a URL. */
  readonly database: Database<RegistryTables> | { readonly url: string };
  /** Not closed by the registry. */
  readonly blobs: BlobStore;
  readonly limits?: Partial<RegistryLimits>;
  /** First name segments that are refused, instead of `RESERVED_NAMESPACES`. */
  readonly reservedNamespaces?: ReadonlySet<string>;
  /** Take a manifest although some of the blobs or manifests it names are not in the repository. Default: refuse it. */
  readonly sparseManifests?: boolean;
  /** One record per request, when its connection is done with it. Must not throw. */
  readonly onAccess?: (record: AccessRecord) => void;
  /** Called around every durable step; crash tests kill the process there. */
  readonly onStep?: (step: string) => void;
  /** Faults of ours that a client only sees as `UNKNOWN`. */
  readonly onFault?: (error: unknown, what: string) => void;
}

/** What the start found of the run before. */
export interface StartSweep {
  /** Blobs whose bytes had their final name but no row yet: removed. */
  readonly undoneCommits: number;
  /** Sessions that nobody used for too long. */
  readonly expiredUploads: number;
  /** Bytes in staging that belonged to no session. */
  readonly orphanedIngests: number;
}

export interface Registry extends AsyncDisposable {
  readonly queries: RegistryQueries;
  readonly events: EventLog;
  readonly leases: Leases;
  readonly sweptAtStart: StartSweep;
  serve(authorizer: Authorizer): RegistryHandler;
  /** Looks at every row (and with `deep` at every byte). May run beside requests. */
  check(options?: CheckOptions): Promise<CheckReport>;
}
