import type { PageFile, Pages } from '@berth/web';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Scripts, styles and pictures come from here alone; nobody frames the pages; forms go nowhere else. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "style-src 'self' 'unsafe-inline'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Paths of programs: what is not there is told as JSON, never as a page. */
const API = /^\/(?:v1|v2|api|auth)(?:\/|$)/;

/** Serves the pages under every path that no route has. */
export function addPages(app: FastifyInstance, pages: Pages): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    // Not stricter: without an Origin header the Index could not tell our forms from those of strangers.
    reply.header('referrer-policy', 'same-origin');
  });
  app.setNotFoundHandler((request, reply) => {
    const pathname = pathOf(request.url);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const file = isRead ? pages.file(pathname) : undefined;
    if (file !== undefined) return send(request, reply, file);
    if (isRead && !API.test(pathname) && !pathname.startsWith('/assets/'))
      return send(request, reply, pages.shell);
    const message = `There is nothing under ${request.method} ${pathname}`;
    return reply.code(404).send({ message, hint: 'The API is described in /api/openapi.json' });
  });
}

/** By hand: a path of two slashes is no path to `URL`, and begins with a host. */
function pathOf(url: string): string {
  return url.slice(0, /[?#]|$/.exec(url)?.index);
}

function send(request: FastifyRequest, reply: FastifyReply, file: PageFile): FastifyReply {
  reply.headers({
    'cache-control': file.cacheControl,
    'content-security-policy': CONTENT_SECURITY_POLICY,
    etag: file.etag,
  });
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  return reply.type(file.contentType).send(file.bytes);
}
