import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyPluginAsync } from 'fastify';
import { accessTokenRoutes } from './access-tokens.ts';
import { accountRoutes } from './accounts.ts';
import type { App, Services } from './app.ts';
import { failureOf } from './failure.ts';
import { formRoutes } from './forms.ts';
import { registryTokenRoutes } from './registry-tokens.ts';
import { repositoryRoutes } from './repositories.ts';
import type { ErrorBody } from './shapes.ts';
import { tagRoutes } from './tags.ts';
import { compileValidator } from './validation.ts';

const BODY_LIMIT_BYTES = 65_536;

/**
 * All HTTP of the Index as one Fastify plugin: the forms, the token service, the Hub API and its OpenAPI document.
 * When Fastify is ready everything it needs is loaded. Docker Hub's tools end some paths with a slash: give Fastify
 * `ignoreTrailingSlash`.
 */
export function createRoutes(services: Services): FastifyPluginAsync {
  return async (fastify) => {
    const app: App = fastify.withTypeProvider<TypeBoxTypeProvider>();
    app.setValidatorCompiler(compileValidator);
    app.addHook('onRoute', (route) => {
      route.bodyLimit ??= BODY_LIMIT_BYTES;
    });
    // Text would reach a schema for objects; without a parser it is refused as what it is.
    app.removeContentTypeParser('text/plain');
    app.setErrorHandler((error, request, reply) => {
      const failure = failureOf(error);
      if (failure.status === 500)
        services.onFault(error, `${request.method} ${request.routeOptions.url ?? ''}`);
      const { code, message, hint, fields, retryAfterSeconds } = failure;
      if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
      const body: ErrorBody = {
        ...{ code, message, detail: message },
        ...(hint === undefined ? {} : { hint }),
        ...(fields === undefined ? {} : { fields, text: message }),
      };
      return reply.code(failure.status).header('cache-control', 'no-store').send(body);
    });

    await app.register(cookie);
    await app.register(formbody, { bodyLimit: BODY_LIMIT_BYTES });
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Berth Hub API',
          description:
            'Accounts, access tokens, repositories and registry tokens, in the shapes of Docker Hub',
          version: services.version,
        },
        components: {
          securitySchemes: {
            bearer: { type: 'http', scheme: 'bearer', description: 'From POST /v2/auth/token' },
            basic: { type: 'http', scheme: 'basic', description: 'For the token service alone' },
          },
        },
      },
    });
    accountRoutes(app, services);
    accessTokenRoutes(app, services);
    repositoryRoutes(app, services);
    tagRoutes(app, services);
    await app.register(async (scope) => formRoutes(scope, services));
    await app.register(async (scope) => registryTokenRoutes(scope, services));
    app.get('/api/openapi.json', { schema: { hide: true } }, async (_, reply) => {
      reply.type('application/json');
      return app.swagger();
    });
    app.addHook('onReady', async () => {
      app.swagger();
    });
  };
}
