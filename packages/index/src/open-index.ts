import type { IncomingMessage } from 'node:http';
import { type Database, openDatabase } from '@berth/db';
import type { EventLog } from '@berth/events';
import type {
  Access,
  KeySet,
  RegistryQueries,
  RequestContext,
  TokenAuthorizerOptions,
} from '@berth/registry';
import type { FastifyPluginAsync } from 'fastify';
import packageJson from '../package.json' with { type: 'json' };
import { type BasicCheck, createBasic } from './basic.ts';
import { TOKEN_PATH } from './http/registry-tokens.ts';
import { createRoutes } from './http/routes.ts';
import { MIGRATIONS } from './migrations.ts';
import { Passwords } from './passwords/passwords.ts';
import { Tries } from './passwords/tries.ts';
import { WrongTries } from './passwords/wrong-tries.ts';
import { RegistryFollower } from './repositories/registry-follower.ts';
import { Repositories } from './repositories/repositories.ts';
import type { Tables } from './schema.ts';
import { Credentials } from './sessions/credentials.ts';
import { Sessions } from './sessions/sessions.ts';
import { AccessTokens } from './tokens/access-tokens.ts';
import { RefreshTokens } from './tokens/refresh-tokens.ts';
import { SigningKeys } from './tokens/signing-keys.ts';
import { type IssuedToken, TokenService } from './tokens/token-service.ts';
import { SetupLink } from './users/setup-link.ts';
import { type NewUser, type User, Users } from './users/users.ts';

const HOUR_MS = 3_600_000;
const PRUNE_MS = HOUR_MS;
/** From one address: a class of students may sit behind one. */
const SIGN_UPS_PER_HOUR = 100;

export interface IndexOptions {
  /** The Index's own database: an open one, which the caller closes, or a URL. */
  readonly database: Database<Tables> | { readonly url: string };
  readonly registry: { readonly queries: RegistryQueries; readonly events: EventLog };
  /** `service` of the registry's challenge, `aud` of its tokens. */
  readonly service: string;
  /** `iss` of the registry's tokens. */
  readonly issuer: string;
  /** Default `open`: whoever reaches the Hub may make an account. */
  readonly signUp?: 'open' | 'closed';
  /** What a repository becomes that a push makes. Default `public`. */
  readonly defaultPrivacy?: 'public' | 'private';
  /** Where a request reached us and from where; default: its `Host` and its socket, without any proxy. */
  readonly requestContext?: (request: IncomingMessage) => RequestContext;
  readonly version?: string;
  /** Stops the opening between its steps; what was opened is closed, and the next start goes on. */
  readonly signal?: AbortSignal;
  readonly onStep?: (step: string) => void;
  /** Faults of ours, of which a client only sees that there was one. */
  readonly onFault?: (error: unknown, what: string) => void;
}

export interface Index extends AsyncDisposable {
  /** For `createTokenAuthorizer` of the registry, as it is. */
  readonly authorizerOptions: Required<Omit<TokenAuthorizerOptions, 'now'>>;
  readonly keys: KeySet;
  /** Name and password with every request, as some clients send them. */
  readonly basic: BasicCheck;
  /** All HTTP of the Index. Wait for Fastify's `ready()` before giving up rights: it loads the last modules. */
  readonly routes: FastifyPluginAsync;
  readonly setup: {
    /** The one-time link to make the first account; `undefined` once there is one. */
    pendingLink(baseUrl: string): Promise<string | undefined>;
  };
  /** Makes the first account without a link. @returns `undefined` when there is an account already */
  createAdmin(user: NewUser): Promise<User | undefined>;
  /** A registry token of five minutes for the house itself. */
  issueSystemToken(access: readonly Access[]): Promise<IssuedToken>;
  /** What happened here: `user.created`, `repository.visibility`. */
  readonly events: EventLog;
  readonly queries: {
    hasUsers(): Promise<boolean>;
  };
}

/**
 * Opens the Index over its database. When it resolves it is up to date with the registry.
 *
 * @throws {DatabaseError} as `openDatabase`
 */
export async function openIndex(options: IndexOptions): Promise<Index> {
  await using opening = new AsyncDisposableStack();
  const { onFault = () => undefined, defaultPrivacy = 'public', service, issuer, signal } = options;
  const database =
    'url' in options.database ? opening.use(await open(options.database.url, options)) : options.database;

  signal?.throwIfAborted();
  const passwords = await Passwords.create();
  const users = new Users({ database, passwords, defaultPrivacy });
  const setupLink = new SetupLink({ database, users });
  const accessTokens = new AccessTokens({ database, users });
  const refreshTokens = new RefreshTokens({ database, users, accessTokens });
  const sessions = new Sessions({ database, users, accessTokens });
  const credentials = new Credentials({ users, passwords, accessTokens, wrongTries: new WrongTries() });
  const keys = await SigningKeys.open(database);
  signal?.throwIfAborted();
  const follower = opening.use(
    await RegistryFollower.start({ database, events: options.registry.events, defaultPrivacy, onFault }),
  );
  const repositories = new Repositories({ database, defaultPrivacy, catchUp: () => follower.catchUp() });
  const tokenService = new TokenService({ keys, repositories, service, issuer });

  signal?.throwIfAborted();
  await setupLink.renew();
  const prune = async () => {
    await sessions.prune();
    await refreshTokens.prune();
  };
  await prune();
  const pruning = setInterval(() => prune().catch((error: unknown) => onFault(error, 'prune')), PRUNE_MS);
  pruning.unref();
  opening.defer(() => clearInterval(pruning));

  const basic = createBasic({ credentials, tokenService });
  const routes = createRoutes({
    ...{
      users,
      setupLink,
      credentials,
      sessions,
      accessTokens,
      refreshTokens,
      keys,
      tokenService,
      repositories,
    },
    registryQueries: options.registry.queries,
    signUp: options.signUp ?? 'open',
    signUps: new Tries({ limit: SIGN_UPS_PER_HOUR, windowMs: HOUR_MS }),
    version: options.version ?? packageJson.version,
    requestContext: options.requestContext ?? directContext,
    onFault,
  });

  const owned = opening.move();
  return {
    authorizerOptions: {
      ...{ service, issuer, keys, basic },
      realm: (baseUrl) => `${baseUrl.replace(/\/$/, '')}${TOKEN_PATH}`,
    },
    keys,
    basic,
    routes,
    setup: { pendingLink: (baseUrl) => setupLink.pendingLink(baseUrl) },
    createAdmin: (user) => setupLink.createAdmin(user),
    issueSystemToken: (access) => tokenService.issueSystem(access),
    events: database.events,
    queries: { hasUsers: () => users.any() },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function open(url: string, options: IndexOptions): Promise<Database<Tables>> {
  const { onStep } = options;
  return await openDatabase<Tables>({
    url,
    migrations: MIGRATIONS,
    ...(onStep === undefined ? {} : { onStep }),
  });
}

function directContext(request: IncomingMessage): RequestContext {
  const isTls = 'encrypted' in request.socket;
  return {
    baseUrl: `${isTls ? 'https' : 'http'}://${request.headers.host ?? 'localhost'}`,
    remoteAddress: request.socket.remoteAddress ?? '',
  };
}
