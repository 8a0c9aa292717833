import type { AccessRecord } from '@berth/registry';
import type { Pages } from '@berth/web';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { contextOf } from './dispatch.ts';
import { addHealth } from './health.ts';
import { addPages } from './pages.ts';

export interface AppOptions {
  /** All HTTP of the Index. */
  readonly index: FastifyPluginAsync;
  readonly pages: Pages;
  readonly logger: FastifyBaseLogger;
  readonly onAccess: (record: AccessRecord) => void;
  readonly isReady: () => Promise<boolean>;
}

/** Everything behind the listener but the registry; complete, with all its code loaded, when this resolves. */
export async function createApp({
  index,
  pages,
  logger,
  onAccess,
  isReady,
}: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 64 * 1024,
  });
  app.addHook('onResponse', async (request, reply) => {
    const size = Number(reply.getHeader('content-length'));
    onAccess({
      atMs: Date.now(),
      method: request.method,
      path: withoutSecrets(request),
      status: reply.statusCode,
      bytesIn: Number(request.headers['content-length'] ?? 0),
      bytesOut: request.method === 'HEAD' || !Number.isFinite(size) ? 0 : size,
      subject: undefined,
      remoteAddress: contextOf(request.raw).remoteAddress,
      userAgent: request.headers['user-agent'],
      ms: reply.elapsedTime,
    });
  });
  // The Index has answers of its own; here nothing is left but faults and what Fastify cannot read.
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode < 500) return reply.code(statusCode).send({ message: error.message });
    logger.error({ err: error }, `${request.method} ${withoutSecrets(request)}`);
    const message = 'The Hub failed at this by a fault of its own';
    return reply.code(500).send({ message, hint: 'Its log says why' });
  });
  addHealth(app, isReady);
  addPages(app, pages);
  await app.register(index);
  await app.ready();
  return app;
}

/** The set-up link carries its code in the query; the log keeps the path alone. */
function withoutSecrets({ url }: FastifyRequest): string {
  const end = url.indexOf('?');
  return end >= 0 && url.startsWith('/setup') ? url.slice(0, end) : url;
}
