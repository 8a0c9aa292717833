import { EngineError } from '../../errors.ts';
import { listOrNull } from '../containers/lifecycle.ts';
import type { Answer } from '../server/route.ts';
import { readJson } from '../wire/json-body.ts';
import { credentialsOf } from '../wire/registry-auth.ts';
import { authBody } from '../wire/schemas.ts';
import { write } from '../wire/send-stream.ts';
import { diskUsageForVersion, eventForVersion } from '../wire/version-fields.ts';

/** Builder 1: `/build` and no BuildKit on this socket. */
const PING_HEADERS = {
  'Builder-Version': '1',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  Swarm: 'inactive',
} as const;

export const ping: Answer = (_services, exchange) => exchange.sendText(200, 'OK', PING_HEADERS);

export const version: Answer = async ({ engine }, exchange) =>
  exchange.sendJson(200, await engine.system.version());

export const info: Answer = async ({ engine }, exchange) =>
  exchange.sendJson(200, await engine.system.info());

const USAGE_TYPES = {
  container: 'container',
  image: 'image',
  volume: 'volume',
  'build-cache': 'build-cache',
} as const;

export const diskUsage: Answer = async ({ engine }, exchange) => {
  const given = exchange.query.all('type');
  const types = given.map((name) => {
    if (Object.hasOwn(USAGE_TYPES, name)) return USAGE_TYPES[name as keyof typeof USAGE_TYPES];
    throw new EngineError('REQUEST_INVALID', `unknown object type: ${name}`);
  });
  const usage = await engine.system.diskUsage(types.length === 0 ? undefined : types, {
    signal: exchange.signal,
  });
  exchange.sendJson(200, diskUsageForVersion(usage, exchange.version));
};

export const auth: Answer = async ({ engine }, exchange) => {
  const body = await readJson(exchange.req, authBody);
  const credentials = credentialsOf(body);
  if (credentials === undefined) throw new EngineError('REQUEST_INVALID', 'no name and password were given');
  const registry = body.serveraddress ?? '';
  exchange.sendJson(200, await engine.system.auth(registry, credentials, { signal: exchange.signal }));
};

/** One JSON object a line, each on its way at once. The head goes out before the first event. */
export const events: Answer = async ({ engine }, exchange) => {
  const { query, res, version: apiVersion, signal } = exchange;
  const [since, until] = [query.time('since'), query.time('until')];
  if (since !== undefined && until !== undefined && until < since) {
    throw new EngineError('REQUEST_INVALID', 'invalid range: "until" lies before "since"');
  }
  const followed = engine.events.follow({
    ...{ signal, filters: query.filters() },
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  });
  // The iterator subscribes with its first step; the client may act as soon as it has the head.
  const iterator = followed[Symbol.asyncIterator]();
  try {
    let next = iterator.next();
    exchange.beginNow(200, { 'Content-Type': 'application/json' });
    for (let step = await next; step.done !== true; step = await next) {
      if (!(await write(res, `${JSON.stringify(eventForVersion(step.value, apiVersion))}\n`))) return;
      next = iterator.next();
    }
    res.end();
  } finally {
    await iterator.return?.();
  }
};

/** There is no build cache; `docker system prune` asks all the same. */
export const pruneBuildCache: Answer = (_services, exchange) => {
  exchange.sendJson(200, { CachesDeleted: listOrNull([]), SpaceReclaimed: 0 });
};

export const noPlugins: Answer = (_services, exchange) => exchange.sendJson(200, []);

/** Not Docker's: `berth check` beside a running engine. */
export const check: Answer = async ({ engine }, exchange) =>
  exchange.sendJson(
    200,
    await engine.check({
      deep: exchange.query.flag('deep'),
      repair: exchange.query.flag('repair'),
      signal: exchange.signal,
    }),
  );

/** Not Docker's: `berth storage info` beside a running engine. */
export const storageDriver: Answer = async ({ engine }, exchange) =>
  exchange.sendJson(200, await engine.describeStorage());

/** Not Docker's: `berth storage df` beside a running engine. */
export const storageUsage: Answer = async ({ engine }, exchange) =>
  exchange.sendJson(200, await engine.storageUsage({ signal: exchange.signal }));
