import * as archive from './containers/archive.ts';
import { attachContainer, attachWebsocket } from './containers/attach.ts';
import * as lifecycle from './containers/lifecycle.ts';
import { containerLogs } from './containers/logs.ts';
import * as containers from './containers/look.ts';
import * as exec from './exec/exec.ts';
import * as images from './images/look.ts';
import * as transfer from './images/transfer.ts';
import * as networks from './networks/networks.ts';
import type { Route } from './server/route.ts';
import { missing, notASwarm } from './swarm/missing.ts';
import * as system from './system/system.ts';
import * as volumes from './volumes/volumes.ts';

const BUILDKIT = 'BuildKit on this socket is';
const BUILDX_HINT = 'docker buildx uses its container driver then';

/** All of the Engine API, in the order of its reference. What Berth does not have is here too, and says so. */
export const ROUTES: readonly Route[] = [
  { method: 'GET', pattern: '/containers/json', answer: containers.listContainers },
  { method: 'POST', pattern: '/containers/create', answer: lifecycle.createContainer },
  { method: 'POST', pattern: '/containers/prune', answer: lifecycle.pruneContainers },
  { method: 'GET', pattern: '/containers/{name}/json', answer: containers.inspectContainer },
  { method: 'GET', pattern: '/containers/{name}/top', answer: containers.topContainer },
  { method: 'GET', pattern: '/containers/{name}/logs', answer: containerLogs },
  { method: 'GET', pattern: '/containers/{name}/changes', answer: containers.containerChanges },
  { method: 'GET', pattern: '/containers/{name}/export', answer: archive.exportContainer },
  { method: 'GET', pattern: '/containers/{name}/stats', answer: containers.containerStats },
  { method: 'POST', pattern: '/containers/{name}/resize', answer: containers.resizeContainer },
  { method: 'POST', pattern: '/containers/{name}/start', answer: lifecycle.startContainer },
  { method: 'POST', pattern: '/containers/{name}/stop', answer: lifecycle.stopContainer },
  { method: 'POST', pattern: '/containers/{name}/restart', answer: lifecycle.restartContainer },
  { method: 'POST', pattern: '/containers/{name}/kill', answer: lifecycle.killContainer },
  { method: 'POST', pattern: '/containers/{name}/update', answer: lifecycle.updateContainer },
  { method: 'POST', pattern: '/containers/{name}/rename', answer: lifecycle.renameContainer },
  { method: 'POST', pattern: '/containers/{name}/pause', answer: lifecycle.pauseContainer },
  { method: 'POST', pattern: '/containers/{name}/unpause', answer: lifecycle.unpauseContainer },
  { method: 'POST', pattern: '/containers/{name}/attach', takeover: attachContainer },
  { method: 'GET', pattern: '/containers/{name}/attach/ws', answer: attachWebsocket },
  { method: 'POST', pattern: '/containers/{name}/wait', answer: lifecycle.waitForContainer },
  { method: 'DELETE', pattern: '/containers/{name}', answer: lifecycle.removeContainer },
  { method: 'HEAD', pattern: '/containers/{name}/archive', answer: archive.statPath },
  { method: 'GET', pattern: '/containers/{name}/archive', answer: archive.getArchive },
  { method: 'PUT', pattern: '/containers/{name}/archive', answer: archive.putArchive },
  { method: 'POST', pattern: '/containers/{name}/exec', answer: exec.createExec },
  ...unsupported(['GET', 'POST', 'DELETE'], '/containers/{name}/checkpoints/**', 'checkpoints are'),

  { method: 'POST', pattern: '/exec/{name}/start', takeover: exec.startExec },
  { method: 'POST', pattern: '/exec/{name}/resize', answer: exec.resizeExec },
  { method: 'GET', pattern: '/exec/{name}/json', answer: exec.inspectExec },

  { method: 'GET', pattern: '/berth/check', answer: system.check },
  { method: 'GET', pattern: '/berth/storage', answer: system.storageDriver },
  { method: 'GET', pattern: '/berth/storage/usage', answer: system.storageUsage },

  { method: 'GET', pattern: '/images/json', answer: images.listImages },
  { method: 'POST', pattern: '/images/create', answer: transfer.createImage },
  { method: 'GET', pattern: '/images/search', answer: images.searchImages },
  { method: 'POST', pattern: '/images/prune', answer: images.pruneImages },
  { method: 'GET', pattern: '/images/get', answer: transfer.saveImages },
  { method: 'POST', pattern: '/images/load', answer: transfer.loadImages },
  { method: 'GET', pattern: '/images/{name*}/json', answer: images.inspectImage },
  { method: 'GET', pattern: '/images/{name*}/history', answer: images.imageHistory },
  { method: 'GET', pattern: '/images/{name*}/get', answer: transfer.saveImage },
  { method: 'POST', pattern: '/images/{name*}/push', answer: transfer.pushImage },
  { method: 'POST', pattern: '/images/{name*}/tag', answer: images.tagImage },
  { method: 'DELETE', pattern: '/images/{name*}', answer: images.removeImage },
  { method: 'POST', pattern: '/commit', answer: archive.commitContainer },
  { method: 'GET', pattern: '/distribution/{name*}/json', answer: images.inspectDistribution },

  { method: 'POST', pattern: '/build', answer: missing('building images is') },
  { method: 'POST', pattern: '/build/prune', answer: system.pruneBuildCache },
  { method: 'POST', pattern: '/build/cancel', answer: missing('building images is') },
  { method: 'POST', pattern: '/grpc', answer: missing(BUILDKIT, BUILDX_HINT) },
  { method: 'POST', pattern: '/session', answer: missing(BUILDKIT, BUILDX_HINT) },

  { method: 'GET', pattern: '/networks', answer: networks.listNetworks },
  { method: 'POST', pattern: '/networks/create', answer: networks.networksComeLater },
  { method: 'POST', pattern: '/networks/prune', answer: networks.pruneNetworks },
  { method: 'GET', pattern: '/networks/{name}', answer: networks.inspectNetwork },
  { method: 'DELETE', pattern: '/networks/{name}', answer: networks.removeNetwork },
  { method: 'POST', pattern: '/networks/{name}/connect', answer: networks.networksComeLater },
  { method: 'POST', pattern: '/networks/{name}/disconnect', answer: networks.networksComeLater },

  { method: 'GET', pattern: '/volumes', answer: volumes.listVolumes },
  { method: 'POST', pattern: '/volumes/create', answer: volumes.createVolume },
  { method: 'POST', pattern: '/volumes/prune', answer: volumes.pruneVolumes },
  { method: 'GET', pattern: '/volumes/{name}', answer: volumes.inspectVolume },
  { method: 'PUT', pattern: '/volumes/{name}', answer: notASwarm },
  { method: 'DELETE', pattern: '/volumes/{name}', answer: volumes.removeVolume },

  { method: 'GET', pattern: '/_ping', answer: system.ping, anyVersion: true },
  { method: 'HEAD', pattern: '/_ping', answer: system.ping, anyVersion: true },
  { method: 'GET', pattern: '/version', answer: system.version },
  { method: 'GET', pattern: '/info', answer: system.info },
  { method: 'GET', pattern: '/events', answer: system.events },
  { method: 'GET', pattern: '/system/df', answer: system.diskUsage },
  { method: 'POST', pattern: '/auth', answer: system.auth },

  { method: 'GET', pattern: '/plugins', answer: system.noPlugins },
  ...unsupported(['GET', 'POST', 'DELETE'], '/plugins/**', 'plugins are'),

  ...['/services', '/nodes', '/tasks', '/secrets', '/configs'].flatMap((head) =>
    (['GET', 'POST', 'DELETE'] as const).map((method) => ({
      method,
      pattern: `${head}/**`,
      answer: notASwarm,
    })),
  ),
  { method: 'GET', pattern: '/swarm', answer: notASwarm },
  { method: 'GET', pattern: '/swarm/unlockkey', answer: notASwarm },
  { method: 'POST', pattern: '/swarm/init', answer: missing('swarm mode is') },
  { method: 'POST', pattern: '/swarm/join', answer: missing('swarm mode is') },
  { method: 'POST', pattern: '/swarm/**', answer: notASwarm },
];

function unsupported(methods: readonly Route['method'][], pattern: string, what: string): readonly Route[] {
  return methods.map((method) => ({ method, pattern, answer: missing(what) }));
}
