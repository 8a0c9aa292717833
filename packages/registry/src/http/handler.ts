import type { RepositoryName } from '@berth/oci';
import type { Access, Authorizer, Decision, RepositoryAction } from '../auth/interface.ts';
import { RegistryError } from '../errors.ts';
import type { RegistryHandler, RegistryOptions } from '../registry.ts';
import { deleteBlob, getBlob } from './endpoints/blobs.ts';
import { listRepositories, listTags, ping } from './endpoints/lists.ts';
import { deleteManifest, getManifest, putManifest } from './endpoints/manifests.ts';
import { referrers } from './endpoints/referrers.ts';
import {
  appendUpload,
  cancelUpload,
  finishUpload,
  type Session,
  startUpload,
  uploadStatus,
  uploadUnknown,
} from './endpoints/uploads.ts';
import { Exchange } from './exchange.ts';
import { KnownAnswers } from './known-answers.ts';
import { respondError } from './respond-error.ts';
import { parseRoute, type Route, readName } from './route.ts';
import type { Services } from './services.ts';
import { toRegistryError } from './to-registry-error.ts';

const METHODS: Readonly<Record<Route['kind'], readonly string[]>> = {
  ping: ['GET', 'HEAD'],
  catalog: ['GET', 'HEAD'],
  tags: ['GET', 'HEAD'],
  manifest: ['GET', 'HEAD', 'PUT', 'DELETE'],
  blob: ['GET', 'HEAD', 'DELETE'],
  uploads: ['POST'],
  upload: ['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE'],
  referrers: ['GET', 'HEAD'],
};

export interface HandlerOptions extends Pick<RegistryOptions, 'onAccess' | 'onFault'> {
  readonly services: Omit<Services, 'authorize' | 'known'>;
  readonly authorizer: Authorizer;
}

/** Path → route → may this caller do that → endpoint; every error of the way is answered in one place. */
export function createHandler(options: HandlerOptions): RegistryHandler {
  const { authorizer, onAccess, onFault } = options;
  const services: Services = {
    ...options.services,
    known: new KnownAnswers(),
    authorize: (exchange, access, grace) =>
      authorizer.authorize({
        authorization: exchange.req.headers.authorization,
        access,
        baseUrl: exchange.context.baseUrl,
        remoteAddress: exchange.context.remoteAddress,
        ...grace,
      }),
  };

  return (req, res, context) => {
    const exchange = new Exchange(req, res, context);
    const known = services.known.find(req, services.store.epoch);
    if (known !== undefined) {
      exchange.repeat(known);
      onAccess?.(exchange.record());
      return;
    }
    if (onAccess !== undefined) res.once('close', () => onAccess(exchange.record()));
    answer(services, exchange).catch((cause: unknown) => {
      const error = toRegistryError(cause);
      const isGone = res.destroyed || (req.destroyed && !req.complete);
      if (error.code === 'UNKNOWN' && !isGone) onFault?.(cause, `${exchange.method} ${exchange.path}`);
      if (error.code === 'STORAGE_FULL' || error.code === 'UNAVAILABLE')
        onFault?.(cause, `${exchange.method} ${exchange.path}`);
      respondError(exchange, error, cause instanceof Refused ? cause.answer : {});
    });
  };
}

async function answer(services: Services, exchange: Exchange): Promise<void> {
  const route = parseRoute(exchange.path);
  if (route === undefined) {
    const missing = new RegistryError(
      'UNSUPPORTED',
      `Cannot find endpoint "${exchange.path.slice(0, 200)}"`,
      {
        hint: 'Check the path; the endpoints are those of the OCI distribution specification 1.1',
      },
    );
    throw new Refused(missing, { status: 404 });
  }
  const methods = METHODS[route.kind];
  if (!methods.includes(exchange.method)) {
    const allow = methods.join(', ');
    const unsupported = new RegistryError('UNSUPPORTED', `Cannot use ${exchange.method} on this endpoint`, {
      hint: `Use ${allow}`,
    });
    throw new Refused(unsupported, { headers: { allow } });
  }
  if (route.kind === 'ping' || route.kind === 'catalog') {
    await admit(services, exchange, [{ type: route.kind }]);
    return route.kind === 'ping' ? ping(services, exchange) : listRepositories(services, exchange);
  }
  const name = readName(route.name, services.reservedNamespaces);
  if (route.kind === 'upload') return answerUpload(services, exchange, { name, id: route.id });
  await admit(services, exchange, accessFor(exchange.method, name));
  switch (route.kind) {
    case 'manifest':
      if (exchange.method === 'PUT') return putManifest(services, exchange, { ...route, name });
      if (exchange.method === 'DELETE') return deleteManifest(services, exchange, { ...route, name });
      return getManifest(services, exchange, { ...route, name });
    case 'blob':
      if (exchange.method === 'DELETE') return deleteBlob(services, exchange, { ...route, name });
      return getBlob(services, exchange, { ...route, name });
    case 'uploads':
      return startUpload(services, exchange, name);
    case 'tags':
      return listTags(services, exchange, name);
    case 'referrers':
      return referrers(services, exchange, { ...route, name });
    default:
      throw new Error(`No endpoint for ${route satisfies never}`);
  }
}

/**
 * Requests inside a session: whoever began it may finish it, also with a token that ran out on the way; for
 * everybody else it is not there.
 */
async function answerUpload(
  services: Services,
  exchange: Exchange,
  target: { readonly name: RepositoryName; readonly id: string },
): Promise<void> {
  const { name, id } = target;
  const row = await services.store.reads.upload(id);
  const access = accessFor('PUT', name);
  const isOwn = (subject: string): boolean => row?.repository === name && row.subject === subject;
  let decision = await services.authorize(exchange, access, {
    expiredGraceMs: services.limits.uploadGraceMs,
  });
  if (decision.allowed && !isOwn(decision.subject)) decision = await services.authorize(exchange, access);
  const subject = accept(exchange, decision);
  if (row === undefined || !isOwn(subject)) throw uploadUnknown(name, id);
  const session: Session = { name, row };
  switch (exchange.method) {
    case 'PATCH':
      return appendUpload(services, exchange, session);
    case 'PUT':
      return finishUpload(services, exchange, session);
    case 'DELETE':
      return cancelUpload(services, exchange, session);
    default:
      return uploadStatus(services, exchange, session);
  }
}

/** The actions that Docker's own registry asks for, so that challenges carry the scope that clients expect. */
function accessFor(method: string, name: RepositoryName): readonly Access[] {
  const access = (action: RepositoryAction): Access => ({ type: 'repository', name, action });
  switch (method) {
    case 'GET':
    case 'HEAD':
      return [access('pull')];
    case 'DELETE':
      return [access('delete')];
    default:
      return [access('pull'), access('push')];
  }
}

async function admit(services: Services, exchange: Exchange, access: readonly Access[]): Promise<void> {
  accept(exchange, await services.authorize(exchange, access));
}

function accept(exchange: Exchange, decision: Decision): string {
  if (decision.allowed) {
    exchange.subject = decision.subject;
    exchange.validUntilMs = decision.validUntilMs;
    return decision.subject;
  }
  throw refusal(decision);
}

/** An error whose status or headers are not those of its class. */
class Refused extends RegistryError {
  readonly answer: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> };

  constructor(error: RegistryError, answer: Refused['answer']) {
    super(error.code, error.message, error.hint === undefined ? {} : { hint: error.hint });
    this.answer = answer;
  }
}

function refusal(decision: Extract<Decision, { allowed: false }>): Refused {
  const { reason, message, challenge, retryAfterSeconds } = decision;
  if (reason === 'tooManyRequests') {
    const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    return new Refused(new RegistryError('TOOMANYREQUESTS', message), { headers });
  }
  const error =
    reason === 'denied'
      ? new RegistryError('DENIED', message, { hint: 'Ask the owner of the repository for access' })
      : new RegistryError('UNAUTHORIZED', message, {
          hint: 'Sign in with docker login, podman login or berth login',
        });
  // With a challenge a wider token may help: clients only fetch one after a 401.
  return new Refused(
    error,
    challenge === undefined ? {} : { status: 401, headers: { 'www-authenticate': challenge } },
  );
}
