import { EngineError } from '../../errors.ts';
import { listOrNull } from '../containers/lifecycle.ts';
import type { Answer } from '../server/route.ts';
import { imageForVersion, imageSummaryForVersion } from '../wire/version-fields.ts';
import { referenceOf } from './transfer.ts';

export const listImages: Answer = async ({ engine }, exchange) => {
  const { query, version } = exchange;
  const list = await engine.images.list({
    all: query.flag('all'),
    filters: filtersWithName(exchange),
    digests: query.flag('digests'),
    sharedSize: query.flag('shared-size'),
  });
  exchange.sendJson(
    200,
    list.map((one) => imageSummaryForVersion(one, version)),
  );
};

/** `filter=name`, which 1.41 has taken away. */
function filtersWithName({ query, version }: Parameters<Answer>[1]) {
  const filters = query.filters();
  const name = query.text('filter');
  if (version >= 41 || name === undefined) return filters;
  return { ...filters, reference: [...(filters.reference ?? []), name] };
}

export const inspectImage: Answer = async ({ engine }, exchange) => {
  if (exchange.query.text('platform') !== undefined) {
    throw new EngineError('NOT_IMPLEMENTED', 'looking at one platform of an image is not supported');
  }
  const image = await engine.images.inspect(exchange.name);
  exchange.sendJson(200, imageForVersion(image, exchange.version));
};

export const imageHistory: Answer = async ({ engine }, exchange) => {
  exchange.sendJson(200, await engine.images.history(exchange.name));
};

export const tagImage: Answer = async ({ engine }, exchange) => {
  const { query } = exchange;
  await engine.images.tag(exchange.name, referenceOf(query.text('repo') ?? '', query.text('tag')));
  exchange.sendEmpty(201);
};

export const removeImage: Answer = async ({ engine }, exchange) => {
  const { query, signal } = exchange;
  if (query.text('platforms') !== undefined) {
    throw new EngineError('NOT_IMPLEMENTED', 'removing one platform of an image is not supported');
  }
  const done = await engine.images.remove(exchange.name, {
    ...{ signal, force: query.flag('force'), noPrune: query.flag('noprune') },
  });
  exchange.sendJson(200, done);
};

export const pruneImages: Answer = async ({ engine }, exchange) => {
  const { query, signal } = exchange;
  const { ImagesDeleted, SpaceReclaimed } = await engine.images.prune(query.filters(), { signal });
  exchange.sendJson(200, { ImagesDeleted: listOrNull(ImagesDeleted), SpaceReclaimed });
};

export const searchImages: Answer = () => {
  throw new EngineError('NOT_IMPLEMENTED', 'searching a registry through the engine is not supported', {
    hint: 'the pages of the Hub have a search',
  });
};

export const inspectDistribution: Answer = () => {
  throw new EngineError(
    'NOT_IMPLEMENTED',
    'looking at an image in its registry through the engine is not supported',
    {
      hint: 'use "berth inspect" or "docker manifest inspect"',
    },
  );
};
