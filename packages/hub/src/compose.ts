import type { RequestListener } from 'node:http';
import { openFolderBlobStore } from '@berth/content';
import { type Index, openIndex } from '@berth/index';
import { createTokenAuthorizer, openRegistry, type Registry } from '@berth/registry';
import { loadPages } from '@berth/web';
import type { HubConfig, StartStep } from './config.ts';
import type { HubPaths } from './data/paths.ts';
import { createApp } from './http/app.ts';
import { contextOf, createDispatch } from './http/dispatch.ts';
import type { BaseUrls } from './listener/base-url.ts';
import { accessLogger } from './logs/access-log.ts';
import { hubLogger } from './logs/hub-logger.ts';
import { RotatingFile } from './logs/rotating-file.ts';

/** Audience and issuer of the tokens; their keys are this Hub's own. */
const SERVICE = 'berth';
const ISSUER = 'berth';

export interface Rooms extends AsyncDisposable {
  readonly registry: Registry;
  readonly index: Index;
  readonly onRequest: RequestListener;
}

export interface ComposeOptions {
  readonly config: HubConfig;
  readonly paths: HubPaths;
  readonly baseUrls: BaseUrls;
  readonly isTrustedProxy: (address: string) => boolean;
  readonly timed: <T>(step: StartStep, work: () => Promise<T>) => Promise<T>;
}

/**
 * Joins the rooms of one Hub, by plain calls, from the bytes up. When it resolves, all code is loaded, all
 * files are open and the pages are in memory.
 */
export async function compose({
  config,
  paths,
  baseUrls,
  isTrustedProxy,
  timed,
}: ComposeOptions): Promise<Rooms> {
  await using stack = new AsyncDisposableStack();
  const { onStep = () => undefined, signUp, defaultPrivacy } = config;
  const onAccess = accessLogger(stack.use(new RotatingFile(paths.accessLog)));
  const logger = hubLogger(stack.use(new RotatingFile(paths.hubLog)));

  const onFault = (error: unknown, what: string) => logger.error({ err: error }, what);

  const { registry, index } = await timed('databases', async () => {
    const blobs = stack.use(await openFolderBlobStore({ path: paths.content, onStep }));
    const registry = stack.use(
      await openRegistry({
        database: { url: `sqlite:${paths.registryDatabase}` },
        blobs,
        onAccess,
        onStep,
        onFault,
      }),
    );
    const { queries, events } = registry;
    const index = stack.use(
      await openIndex({
        database: { url: `sqlite:${paths.indexDatabase}` },
        registry: { queries, events },
        service: SERVICE,
        issuer: ISSUER,
        signUp,
        defaultPrivacy,
        requestContext: contextOf,
        version: config.version,
        onStep,
        onFault,
      }),
    );
    return { registry, index };
  });

  const authorizer = createTokenAuthorizer(index.authorizerOptions);
  const pages = await timed('pages', loadPages);
  const isReady = async () => (await registry.queries.repositories({ limit: 1 })).length >= 0;
  const app = await createApp({ index: index.routes, pages, logger, onAccess, isReady });
  stack.defer(() => app.close());
  const onRequest = createDispatch({
    baseUrls,
    isTrustedProxy,
    registry: registry.serve(authorizer),
    rest: app.routing,
  });

  const owned = stack.move();
  return { registry, index, onRequest, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
