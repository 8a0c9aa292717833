import { EngineError } from '../../errors.ts';
import type { Answer } from '../server/route.ts';
import { write } from '../wire/send-stream.ts';
import { inspectForVersion, summaryForVersion } from '../wire/version-fields.ts';
import { listOrNull } from './lifecycle.ts';

export const listContainers: Answer = async ({ engine }, exchange) => {
  const { query, version } = exchange;
  const limit = query.integer('limit');
  const list = await engine.containers.list({
    all: query.flag('all'),
    size: query.flag('size'),
    filters: query.filters(),
    ...(limit === undefined || limit <= 0 ? {} : { limit }),
  });
  exchange.sendJson(
    200,
    list.map((one) => summaryForVersion(one, version)),
  );
};

export const inspectContainer: Answer = async ({ engine }, exchange) => {
  const container = await engine.containers.inspect(exchange.name, { size: exchange.query.flag('size') });
  exchange.sendJson(200, inspectForVersion(container, exchange.version));
};

export const topContainer: Answer = async ({ engine }, exchange) => {
  exchange.sendJson(200, await engine.containers.top(exchange.name, exchange.query.text('ps_args')));
};

export const containerChanges: Answer = async ({ engine }, exchange) => {
  const changes = await engine.containers.changes(exchange.name, { signal: exchange.signal });
  exchange.sendJson(200, listOrNull(changes));
};

/** One JSON object a second; with `stream=0` one, over two samples unless `one-shot` asks for what is there. */
export const containerStats: Answer = async ({ engine }, exchange) => {
  const stream = exchange.query.flag('stream', true);
  const oneShot = exchange.query.flag('one-shot');
  if (stream && oneShot) {
    throw new EngineError('REQUEST_INVALID', 'cannot have stream=true and one-shot=true');
  }
  const { res } = exchange;
  for await (const sample of engine.containers.stats(exchange.name, {
    stream,
    oneShot,
    signal: exchange.signal,
  })) {
    if (!res.headersSent) exchange.beginNow(200, { 'Content-Type': 'application/json' });
    if (!(await write(res, `${JSON.stringify(sample)}\n`))) return;
  }
  if (!res.headersSent) exchange.begin(200, { 'Content-Type': 'application/json' });
  res.end();
};

export const resizeContainer: Answer = async ({ engine }, exchange) => {
  await engine.containers.resize(exchange.name, terminalSize(exchange));
  exchange.sendEmpty(200);
};

export function terminalSize({ query }: Parameters<Answer>[1]): {
  readonly columns: number;
  readonly rows: number;
} {
  const [rows, columns] = [query.integer('h') ?? 0, query.integer('w') ?? 0];
  if (rows < 0 || columns < 0 || rows > 65535 || columns > 65535) {
    throw new EngineError('REQUEST_INVALID', `invalid size ${columns}x${rows}: expected 0 to 65535`);
  }
  return { columns, rows };
}
