import { EngineError } from '../../errors.ts';
import { listOrNull } from '../containers/lifecycle.ts';
import type { Answer } from '../server/route.ts';
import { readJson } from '../wire/json-body.ts';
import { createVolumeBody } from '../wire/schemas.ts';

export const listVolumes: Answer = async ({ engine }, exchange) => {
  const volumes = await engine.volumes.list(exchange.query.filters());
  exchange.sendJson(200, { Volumes: volumes, Warnings: null });
};

export const createVolume: Answer = async ({ engine }, exchange) => {
  const { Name, Driver, DriverOpts, Labels, ClusterVolumeSpec } = await readJson(
    exchange.req,
    createVolumeBody,
  );
  if (ClusterVolumeSpec !== undefined) {
    throw new EngineError('NOT_IMPLEMENTED', 'cluster volumes belong to swarm mode, which is not supported');
  }
  const volume = await engine.volumes.create({
    ...(Name === undefined || Name === '' ? {} : { Name }),
    ...(Driver === undefined || Driver === '' ? {} : { Driver }),
    ...(DriverOpts === undefined ? {} : { DriverOpts }),
    ...(Labels === undefined ? {} : { Labels }),
  });
  exchange.sendJson(201, volume);
};

export const inspectVolume: Answer = async ({ engine }, exchange) => {
  exchange.sendJson(200, await engine.volumes.inspect(exchange.name));
};

export const removeVolume: Answer = async ({ engine }, exchange) => {
  await engine.volumes.remove(exchange.name, { force: exchange.query.flag('force') });
  exchange.sendEmpty(204);
};

/** Since 1.42 only anonymous ones, unless `all` is among the filters. */
export const pruneVolumes: Answer = async ({ engine }, exchange) => {
  const given = exchange.query.filters();
  const filters = exchange.version < 42 && given.all === undefined ? { ...given, all: ['true'] } : given;
  const { VolumesDeleted, SpaceReclaimed } = await engine.volumes.prune(filters);
  exchange.sendJson(200, { VolumesDeleted: listOrNull(VolumesDeleted), SpaceReclaimed });
};
