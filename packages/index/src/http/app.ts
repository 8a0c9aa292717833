import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RegistryQueries, RequestContext } from '@berth/registry';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { Tries } from '../passwords/tries.ts';
import type { Repositories } from '../repositories/repositories.ts';
import type { Credentials } from '../sessions/credentials.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { AccessTokens } from '../tokens/access-tokens.ts';
import type { RefreshTokens } from '../tokens/refresh-tokens.ts';
import type { SigningKeys } from '../tokens/signing-keys.ts';
import type { TokenService } from '../tokens/token-service.ts';
import type { SetupLink } from '../users/setup-link.ts';
import type { Users } from '../users/users.ts';

/** Fastify, with request types taken from the TypeBox schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What the routes call. */
export interface Services {
  readonly users: Users;
  readonly setupLink: SetupLink;
  readonly credentials: Credentials;
  readonly sessions: Sessions;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly keys: SigningKeys;
  readonly tokenService: TokenService;
  readonly repositories: Repositories;
  readonly registryQueries: RegistryQueries;
  readonly signUp: 'open' | 'closed';
  /** By address. */
  readonly signUps: Tries;
  readonly version: string;
  readonly requestContext: (request: IncomingMessage) => RequestContext;
  readonly onFault: (error: unknown, what: string) => void;
}
