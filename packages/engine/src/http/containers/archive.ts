import type { ApiPathStat } from '../../api/types.ts';
import { EngineError } from '../../errors.ts';
import type { Exchange } from '../server/exchange.ts';
import type { Answer } from '../server/route.ts';
import { bodyOf } from '../wire/bytes-of.ts';
import { readJson } from '../wire/json-body.ts';
import { commitBody } from '../wire/schemas.ts';
import { sendBytes } from '../wire/send-stream.ts';

export const statPath: Answer = async ({ engine }, exchange) => {
  const stat = await engine.containers.statPath(exchange.name, pathOf(exchange));
  exchange.sendEmpty(200, statHeader(stat));
};

export const getArchive: Answer = async ({ engine }, exchange) => {
  const { signal } = exchange;
  const { stat, tar } = await engine.containers.readArchive(exchange.name, pathOf(exchange), { signal });
  await sendBytes(exchange, tar, { 'Content-Type': 'application/x-tar', ...statHeader(stat) });
};

export const putArchive: Answer = async ({ engine }, exchange) => {
  const { query, req, signal } = exchange;
  await engine.containers.writeArchive(exchange.name, pathOf(exchange), bodyOf(req), {
    signal,
    noOverwriteDirNonDir: query.flag('noOverwriteDirNonDir'),
    copyUidGid: query.flag('copyUIDGID'),
  });
  exchange.sendEmpty(200);
};

export const exportContainer: Answer = async ({ engine }, exchange) => {
  const { signal } = exchange;
  const tar = engine.containers.exportTar(exchange.name, { signal });
  await sendBytes(exchange, tar, { 'Content-Type': 'application/octet-stream' });
};

export const commitContainer: Answer = async ({ engine }, exchange) => {
  const { query, req, signal } = exchange;
  const config = await readJson(req, commitBody, { isOptional: true });
  const [repo, tag] = [query.text('repo'), query.text('tag')];
  const [comment, author] = [query.text('comment'), query.text('author')];
  const { Id } = await engine.containers.commit(query.text('container') ?? '', {
    ...{ signal, pause: query.flag('pause', true), changes: query.all('changes'), config },
    ...(repo === undefined ? {} : { reference: tag === undefined ? repo : `${repo}:${tag}` }),
    ...(comment === undefined ? {} : { comment }),
    ...(author === undefined ? {} : { author }),
  });
  exchange.sendJson(201, { Id });
};

function pathOf({ query }: Exchange): string {
  const path = query.text('path');
  if (path === undefined) throw new EngineError('REQUEST_INVALID', 'bad parameter: path cannot be empty');
  if (path.includes('\0')) throw new EngineError('REQUEST_INVALID', 'bad parameter: path has a zero byte');
  return path;
}

function statHeader(stat: ApiPathStat): Record<string, string> {
  return { 'X-Docker-Container-Path-Stat': Buffer.from(JSON.stringify(stat)).toString('base64') };
}
