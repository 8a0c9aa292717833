import type { ApiContainerSummary } from '../../api/types.ts';
import type { Container } from '../container.ts';
import { commandLine } from '../settings/merge-config.ts';
import { networkName } from '../settings/modes.ts';
import { exposedPorts, parsePort } from '../settings/ports.ts';
import { apiMount } from './inspect.ts';
import { networksOf } from './network-settings.ts';
import { statusText } from './status-text.ts';

/** A line of `docker ps`. */
export function summarize(
  container: Container,
  options: {
    /** What the image is called now: its id where the name it was made by names another one. */
    readonly image: string;
    readonly nowMs: number;
    readonly networkIdOf: (name: string) => string;
  },
): ApiContainerSummary {
  const { settings, state } = container;
  const { config, hostConfig, mounts } = settings;
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: options.image,
    ImageID: settings.imageId,
    Command: commandText(commandLine(config)),
    Created: Math.floor(container.createdAt.getTime() / 1000),
    Ports: portList(container),
    Labels: config.Labels ?? {},
    State: state.status,
    Status: statusText(state, options.nowMs),
    HostConfig: { NetworkMode: networkName(hostConfig.NetworkMode) },
    NetworkSettings: { Networks: networksOf(container, options.networkIdOf) },
    Mounts: mounts
      .filter(({ destination }) => !Object.hasOwn(hostConfig.Tmpfs ?? {}, destination))
      .map(apiMount),
  };
}

/** The path, then the arguments, those with a blank in single quotes. */
function commandText([path = '', ...args]: readonly string[]): string {
  return [path, ...args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');
}

export function portList(container: Container): ApiContainerSummary['Ports'] {
  const { sandbox } = container;
  if (sandbox?.endpoint === undefined) return [];
  const published = sandbox.ports.map(({ containerPort, protocol, hostAddress, hostPort }) => ({
    IP: hostAddress,
    PrivatePort: containerPort,
    PublicPort: hostPort,
    Type: protocol as string,
  }));
  const isPublished = (port: number, type: string) =>
    published.some(({ PrivatePort, Type }) => PrivatePort === port && Type === type);
  const others = exposedPorts(container.settings.config)
    .map(parsePort)
    .filter(({ port, protocol }) => !isPublished(port, protocol))
    .map(({ port, protocol }) => ({ PrivatePort: port, Type: protocol as string }));
  return [...published, ...others];
}
