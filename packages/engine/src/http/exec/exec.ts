import type { ApiExecCreate } from '../../api/types.ts';
import { EngineError } from '../../errors.ts';
import { terminalSize } from '../containers/look.ts';
import type { Answer, Takeover } from '../server/route.ts';
import { parseDetachKeys } from '../wire/detach-keys.ts';
import { joinStreams } from '../wire/join-streams.ts';
import { parseJsonBody, readJson } from '../wire/json-body.ts';
import { createExecBody, startExecBody } from '../wire/schemas.ts';

export const createExec: Answer = async ({ engine }, exchange) => {
  const exec = await readJson(exchange.req, createExecBody);
  if ((exec.Cmd ?? []).length === 0) throw new EngineError('REQUEST_INVALID', 'No exec command specified');
  if (exec.DetachKeys !== undefined) parseDetachKeys(exec.DetachKeys);
  const Id = await engine.containers.createExec(exchange.name, exec as unknown as ApiExecCreate);
  exchange.sendJson(201, { Id });
};

/** A client that leaves does not end the process. */
export const startExec: Takeover = async ({ engine }, exchange, connection) => {
  const { req, name, signal, version } = exchange;
  const body = startExecBody.read(parseJsonBody(req, await connection.readBody(req)) ?? {}, '');
  const { Detach: detach = false, Tty: tty, ConsoleSize: consoleSize } = body;
  const detachKeys = detach ? '' : (await engine.containers.inspectExec(name)).DetachKeys;
  const streams = await engine.containers.startExec(name, {
    ...{ detach, signal },
    ...(tty === undefined ? {} : { tty }),
    ...(consoleSize === undefined || version < 42
      ? {}
      : { consoleSize: consoleSize as readonly [number, number] }),
  });
  if (streams === undefined) {
    exchange.takeoverStatus = 200;
    connection.answer(200, exchange.commonHeaders, '');
    return;
  }
  await using owned = streams;
  await joinStreams(exchange, connection, {
    streams: owned,
    hasInput: true,
    detachKeys: owned.isTerminal ? parseDetachKeys(detachKeys) : undefined,
    onDetach: async () => {},
  });
};

export const resizeExec: Answer = async ({ engine }, exchange) => {
  await engine.containers.resizeExec(exchange.name, terminalSize(exchange));
  exchange.sendEmpty(200);
};

export const inspectExec: Answer = async ({ engine }, exchange) => {
  exchange.sendJson(200, await engine.containers.inspectExec(exchange.name));
};
