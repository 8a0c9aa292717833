import type { ApiCreateContainer } from '../../api/types.ts';
import { EngineError } from '../../errors.ts';
import type { Answer } from '../server/route.ts';
import { readJson } from '../wire/json-body.ts';
import { createContainerBody, updateContainerBody } from '../wire/schemas.ts';

export const createContainer: Answer = async ({ engine }, exchange) => {
  const config = await readJson(exchange.req, createContainerBody);
  const { query, signal } = exchange;
  const [name, platform] = [query.text('name'), query.text('platform')];
  const created = await engine.containers.create(config as unknown as ApiCreateContainer, {
    signal,
    ...(name === undefined ? {} : { name }),
    ...(platform === undefined ? {} : { platform }),
  });
  exchange.sendJson(201, created);
};

export const startContainer: Answer = async ({ engine }, exchange) => {
  if (exchange.query.has('checkpoint') && exchange.query.text('checkpoint') !== undefined) {
    throw new EngineError('NOT_IMPLEMENTED', 'checkpoints are not supported');
  }
  // A start that has begun is not taken back because nobody waits for it any more.
  const isStarted = await engine.containers.start(exchange.name);
  exchange.sendEmpty(isStarted ? 204 : 304);
};

export const stopContainer: Answer = async ({ engine }, exchange) => {
  exchange.sendEmpty((await engine.containers.stop(exchange.name, stopOptions(exchange))) ? 204 : 304);
};

export const restartContainer: Answer = async ({ engine }, exchange) => {
  await engine.containers.restart(exchange.name, stopOptions(exchange));
  exchange.sendEmpty(204);
};

/** Not the request's signal: who has asked for a stop and leaves still wants it stopped. */
function stopOptions({ query }: Parameters<Answer>[1]) {
  const timeoutSeconds = query.integer('t');
  const stopSignal = query.text('signal');
  return {
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(stopSignal === undefined ? {} : { stopSignal }),
  };
}

export const killContainer: Answer = async ({ engine }, exchange) => {
  const signalName = exchange.query.text('signal');
  await engine.containers.kill(exchange.name, signalName === undefined ? {} : { signalName });
  exchange.sendEmpty(204);
};

export const pauseContainer: Answer = async ({ engine }, exchange) => {
  await engine.containers.pause(exchange.name);
  exchange.sendEmpty(204);
};

export const unpauseContainer: Answer = async ({ engine }, exchange) => {
  await engine.containers.unpause(exchange.name);
  exchange.sendEmpty(204);
};

export const renameContainer: Answer = async ({ engine }, exchange) => {
  await engine.containers.rename(exchange.name, exchange.query.text('name') ?? '');
  exchange.sendEmpty(204);
};

export const updateContainer: Answer = async ({ engine }, exchange) => {
  const changes = await readJson(exchange.req, updateContainerBody);
  exchange.sendJson(200, await engine.containers.update(exchange.name, changes));
};

export const removeContainer: Answer = async ({ engine }, exchange) => {
  const { query } = exchange;
  if (query.flag('link'))
    throw new EngineError('NOT_IMPLEMENTED', 'links between containers are not supported');
  await engine.containers.remove(exchange.name, { force: query.flag('force'), volumes: query.flag('v') });
  exchange.sendEmpty(204);
};

const CONDITIONS = ['not-running', 'next-exit', 'removed'] as const;

/** Headers go out as soon as nothing can be missed: clients start the container only then. */
export const waitForContainer: Answer = async ({ engine }, exchange) => {
  const given = exchange.query.text('condition') ?? 'not-running';
  const condition = CONDITIONS.find((one) => one === given);
  if (condition === undefined) throw new EngineError('REQUEST_INVALID', `invalid condition: "${given}"`);
  const result = await engine.containers.wait(exchange.name, {
    condition,
    signal: exchange.signal,
    onArmed: () => {
      if (!exchange.res.headersSent) exchange.beginNow(200, { 'Content-Type': 'application/json' });
    },
  });
  if (!exchange.res.headersSent) exchange.begin(200, { 'Content-Type': 'application/json' });
  exchange.res.end(`${JSON.stringify(result)}\n`);
};

export const pruneContainers: Answer = async ({ engine }, exchange) => {
  const { ContainersDeleted, SpaceReclaimed } = await engine.containers.prune(exchange.query.filters());
  exchange.sendJson(200, { ContainersDeleted: listOrNull(ContainersDeleted), SpaceReclaimed });
};

/** Go writes a list that was never made as `null`; typed clients expect it. */
export function listOrNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}
