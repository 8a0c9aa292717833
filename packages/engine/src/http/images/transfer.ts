import { EngineError } from '../../errors.ts';
import type { Answer } from '../server/route.ts';
import { bodyOf } from '../wire/bytes-of.ts';
import { ProgressStream } from '../wire/progress-stream.ts';
import { parseRegistryAuth } from '../wire/registry-auth.ts';
import { sendBytes } from '../wire/send-stream.ts';

/** `POST /images/create`: a pull (`fromImage`), or an import (`fromSrc`). */
export const createImage: Answer = async (services, exchange) => {
  const { query } = exchange;
  if (query.text('fromImage') !== undefined) return pullImage(services, exchange);
  if (query.text('fromSrc') !== undefined) return importImage(services, exchange);
  throw new EngineError('REQUEST_INVALID', 'either "fromImage" or "fromSrc" must be given');
};

/** Ends when the client leaves, as in Docker; what was downloaded is kept by the engine for the next try. */
const pullImage: Answer = async ({ engine }, exchange) => {
  const { query, req, signal } = exchange;
  const name = (query.text('fromImage') ?? '').replace(/:$/, '');
  const tag = query.text('tag');
  const platform = query.text('platform');
  const credentials = parseRegistryAuth(req.headers['x-registry-auth'], { isLenient: true });
  const progress = new ProgressStream(exchange);
  await progress.run(async () => {
    await engine.images.pull(referenceOf(name, tag), {
      signal,
      onProgress: progress.send,
      // A name alone means every tag of it; `docker pull app` says `latest` itself.
      ...(tag === undefined && !hasTag(name) ? { allTags: true } : {}),
      ...(platform === undefined ? {} : { platform }),
      ...(credentials === undefined ? {} : { credentials }),
    });
  });
};

const importImage: Answer = async ({ engine }, exchange) => {
  const { query, req, signal } = exchange;
  const source = query.text('fromSrc') ?? '-';
  if (source !== '-') {
    throw new EngineError('NOT_IMPLEMENTED', 'importing from a URL is not supported', {
      hint: 'download it and import the file',
    });
  }
  const [repo, tag, message] = [query.text('repo'), query.text('tag'), query.text('message')];
  const platform = query.text('platform');
  const progress = new ProgressStream(exchange);
  await progress.run(async () => {
    const id = await engine.images.importTar(bodyOf(req), {
      ...{ signal, changes: query.all('changes'), source },
      ...(repo === undefined ? {} : { reference: referenceOf(repo, tag) }),
      ...(message === undefined ? {} : { message }),
      ...(platform === undefined ? {} : { platform }),
    });
    progress.send({ status: id });
  });
};

export const pushImage: Answer = async ({ engine }, exchange) => {
  const { query, req, signal, name } = exchange;
  if (query.text('platform') !== undefined) {
    throw new EngineError('NOT_IMPLEMENTED', 'pushing one platform of an image is not supported');
  }
  const tag = query.text('tag');
  const credentials = parseRegistryAuth(req.headers['x-registry-auth']);
  const progress = new ProgressStream(exchange);
  await progress.run(async () => {
    await engine.images.push(referenceOf(name, tag), {
      signal,
      onProgress: progress.send,
      ...(tag === undefined && !hasTag(name) ? { allTags: true } : {}),
      ...(credentials === undefined ? {} : { credentials }),
    });
  });
};

export const saveImage: Answer = (services, exchange) => save(services, exchange, [exchange.name]);

export const saveImages: Answer = (services, exchange) => {
  const names = exchange.query
    .all('names')
    .flatMap((value) => value.split(','))
    .filter((name) => name !== '');
  if (names.length === 0) throw new EngineError('REQUEST_INVALID', 'no image was named');
  return save(services, exchange, names);
};

async function save(
  { engine }: Parameters<Answer>[0],
  exchange: Parameters<Answer>[1],
  names: readonly string[],
): Promise<void> {
  refusePlatform(exchange);
  const tar = engine.images.save(names, { signal: exchange.signal });
  await sendBytes(exchange, tar, { 'Content-Type': 'application/x-tar' });
}

export const loadImages: Answer = async ({ engine }, exchange) => {
  refusePlatform(exchange);
  const { query, req, signal } = exchange;
  const progress = new ProgressStream(exchange);
  await progress.run(async () => {
    await engine.images.load(bodyOf(req), {
      ...{ signal, quiet: query.flag('quiet', true) },
      onProgress: progress.send,
    });
  });
};

function refusePlatform({ query }: Parameters<Answer>[1]): void {
  if (query.text('platform') === undefined) return;
  throw new EngineError('NOT_IMPLEMENTED', 'choosing a platform in save and load is not supported');
}

/** A tag in the query may be a digest. */
export function referenceOf(name: string, tag: string | undefined): string {
  if (tag === undefined) return name;
  return tag.includes(':') ? `${name}@${tag}` : `${name}:${tag}`;
}

function hasTag(name: string): boolean {
  return name.includes('@') || name.slice(name.lastIndexOf('/') + 1).includes(':');
}
