import type { EventEmitter } from 'node:events';
import { type IncomingMessage, ServerResponse as Response, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { EngineError } from '../../errors.ts';
import type { Engine } from '../../interface.ts';
import { ROUTES } from '../routes.ts';
import { readBody } from '../wire/json-body.ts';
import { splitVersion } from './api-version.ts';
import { type CallerRules, refuseStrangers } from './callers.ts';
import { type AccessRecord, Exchange } from './exchange.ts';
import { detachFromHttp, HijackedConnection } from './hijack.ts';
import { lingerWhileSending } from './linger.ts';
import { compileRoutes, type RouteMatch } from './route.ts';
import type { Services } from './services.ts';
import { toFailure } from './status.ts';

export interface HandlerOptions {
  readonly engine: Engine;
  /** `Berth/0.1.0 (linux)`. */
  readonly serverName: string;
  readonly signal: AbortSignal;
  readonly onAccess?: (record: AccessRecord) => void;
  readonly onFault: (error: unknown, what: string) => void;
}

export interface Handler {
  request(req: IncomingMessage, res: ServerResponse, callers: CallerRules): void;
  /** Only `tcp`, and only where a route takes connections over; all other upgrades are requests like any other. */
  wantsUpgrade(req: IncomingMessage): boolean;
  upgrade(req: IncomingMessage, socket: Duplex, upgrade: { head: Uint8Array; callers: CallerRules }): void;
}

/** Path → version → route → endpoint; every error on the way is answered in one place. */
export function createHandler(options: HandlerOptions): Handler {
  const { engine, serverName, signal, onAccess, onFault } = options;
  const services: Services = { engine, signal, onFault };
  const router = compileRoutes(ROUTES);

  const find = (req: IncomingMessage): Found => {
    const url = req.url ?? '/';
    const question = url.indexOf('?');
    const { version, refusal, path } = splitVersion(question === -1 ? url : url.slice(0, question));
    const match = router.match(req.method ?? 'GET', path, version);
    return { version, refusal, path, search: question === -1 ? '' : url.slice(question + 1), match };
  };

  /** @param closes what closes when the client is gone */
  const begin = (found: Found, { req, res, closes }: Ends): Exchange => {
    const gone = new AbortController();
    closes.once('close', () => gone.abort());
    const { match, path, search, version } = found;
    const exchange = new Exchange({
      ...{ req, res, path, search, version, serverName },
      params: isMatch(match) ? match.params : {},
      signal: AbortSignal.any([gone.signal, signal]),
    });
    if (onAccess !== undefined) closes.once('close', () => onAccess(exchange.record()));
    return exchange;
  };

  const report = (exchange: Exchange, error: unknown): void => {
    if (exchange.signal.aborted) return;
    if (toFailure(error).isFault) onFault(error, `${exchange.method} ${exchange.req.url ?? '/'}`);
  };

  const takeOver = async (
    exchange: Exchange,
    connection: HijackedConnection,
    run: () => Promise<void> | undefined,
  ): Promise<void> => {
    try {
      await run();
    } catch (error) {
      report(exchange, error);
      if (exchange.takeoverStatus !== undefined) connection.end();
      else answerOnSocket(exchange, connection, error);
    }
  };

  return {
    request(req, res, callers) {
      const found = find(req);
      const { takeover } = isMatch(found.match) ? found.match.route : {};
      if (takeover !== undefined && found.refusal === undefined) {
        void takeWithoutUpgrade(req, res).then(
          (connection) => {
            const exchange = begin(found, { req, res, closes: connection.socket });
            return takeOver(exchange, connection, () => {
              refuseStrangers(req, callers);
              return takeover(services, exchange, connection);
            });
          },
          (error: unknown) => answerError(begin(found, { req, res, closes: res }), error),
        );
        return;
      }
      lingerWhileSending(req, res);
      const exchange = begin(found, { req, res, closes: res });
      const run = async (): Promise<void> => {
        refuseStrangers(req, callers);
        await choose(found, exchange.method).route.answer?.(services, exchange);
      };
      run().catch((error: unknown) => {
        report(exchange, error);
        answerError(exchange, error);
      });
    },

    wantsUpgrade(req) {
      if (req.headers.upgrade?.toLowerCase() !== 'tcp') return false;
      const { match } = find(req);
      return isMatch(match) && match.route.takeover !== undefined;
    },

    upgrade(req, socket, { head, callers }) {
      const connection = new HijackedConnection(socket, { head, isUpgrade: true });
      const found = find(req);
      const exchange = begin(found, { req, res: new Response(req), closes: socket });
      void takeOver(exchange, connection, () => {
        refuseStrangers(req, callers);
        return choose(found, exchange.method).route.takeover?.(services, exchange, connection);
      });
    },
  };
}

interface Ends {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly closes: EventEmitter;
}

interface Found {
  readonly version: number;
  readonly refusal: EngineError | undefined;
  readonly path: string;
  readonly search: string;
  readonly match: RouteMatch | readonly string[] | undefined;
}

function isMatch(match: Found['match']): match is RouteMatch {
  return match !== undefined && 'route' in match;
}

function choose(found: Found, method: string): RouteMatch {
  const { match, refusal, path } = found;
  if (refusal !== undefined && !(isMatch(match) && match.route.anyVersion === true)) throw refusal;
  if (match === undefined) throw new EngineError('ROUTE_UNKNOWN', 'page not found');
  if (isMatch(match)) return match;
  throw new EngineError(
    'ROUTE_UNKNOWN',
    `page not found: "${path}" knows ${match.join(', ')}, not ${method}`,
  );
}

function answerError(exchange: Exchange, error: unknown): void {
  const { res } = exchange;
  if (res.destroyed || res.writableEnded) return;
  if (res.headersSent) {
    // The client has a status already: only a cut says that what it got is not all.
    res.destroy();
    return;
  }
  const { status, message } = toFailure(error);
  exchange.sendJson(status, { message });
}

function answerOnSocket(exchange: Exchange, connection: HijackedConnection, error: unknown): void {
  const { status, message } = toFailure(error);
  exchange.takeoverStatus = status;
  const headers = { ...exchange.commonHeaders, 'Content-Type': 'application/json' };
  connection.answer(status, headers, `${JSON.stringify({ message })}\n`);
}

/** Old clients do not ask for an upgrade and expect `200` and then bytes. A body comes first, and is HTTP's. */
async function takeWithoutUpgrade(req: IncomingMessage, res: ServerResponse): Promise<HijackedConnection> {
  const { 'transfer-encoding': encoding, 'Content-Length': length = '0' } = req.headers;
  const hasBody = encoding !== undefined || Number(length) > 0;
  const body = hasBody ? await readBody(req) : Buffer.alloc(0);
  const socket = detachFromHttp(req, res);
  return new HijackedConnection(socket, { head: Buffer.alloc(0), isUpgrade: false, body });
}
