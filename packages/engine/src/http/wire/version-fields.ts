import type {
  ApiContainerInspect,
  ApiContainerSummary,
  ApiEvent,
  ApiImageInspect,
  ApiImageSummary,
} from '../../api/types.ts';
import type { ApiVersion } from '../../api/version.ts';

/**
 * What answers look like to older clients: the one place that knows which version has which field. The engine's own
 * shapes are those of 1.50.
 *
 *     VirtualSize of images                        until 1.43
 *     image Config: fields of a running container  until 1.49
 *     status, id, from of events                   until 1.51
 *     BuilderSize of df                            until 1.41
 *     HostConfig.Annotations of lists              from 1.46
 */

export function summaryForVersion(container: ApiContainerSummary, version: ApiVersion): object {
  if (version >= 46) return container;
  const { NetworkMode } = container.HostConfig;
  return { ...container, HostConfig: { NetworkMode } };
}

export function inspectForVersion(container: ApiContainerInspect, version: ApiVersion): object {
  if (version >= 44) return container;
  // The address of the container was a field of its config.
  const { MacAddress } = container.NetworkSettings;
  return {
    ...container,
    Config: { ...container.Config, MacAddress: container.Config.MacAddress ?? MacAddress },
  };
}

export function imageSummaryForVersion(image: ApiImageSummary, version: ApiVersion): object {
  return version >= 44 ? image : { ...image, VirtualSize: image.Size };
}

/** Typed clients of the time count on these, always with these values. */
const OLD_CONFIG_FIELDS = {
  Hostname: '',
  Domainname: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
} as const;

export function imageForVersion(image: ApiImageInspect, version: ApiVersion): object {
  return {
    ...image,
    ...(version < 50 ? { Config: { ...OLD_CONFIG_FIELDS, ...image.Config } } : {}),
    ...(version < 44 ? { VirtualSize: image.Size } : {}),
    ...(version < 45 ? { Container: '', ContainerConfig: null } : {}),
  };
}

export function diskUsageForVersion(
  usage: Readonly<Record<string, unknown>>,
  version: ApiVersion,
): Readonly<Record<string, unknown>> {
  const images = usage.Images;
  return {
    ...usage,
    ...(Array.isArray(images)
      ? { Images: images.map((one) => imageSummaryForVersion(one as ApiImageSummary, version)) }
      : {}),
    ...(version < 42 ? { BuilderSize: 0 } : {}),
  };
}

/** The older fields stand first, as Docker writes them. */
export function eventForVersion(event: ApiEvent, version: ApiVersion): object {
  if (version >= 52) return event;
  const { Type, Action, Actor } = event;
  if (Type !== 'container' && Type !== 'image') return event;
  const from = Type === 'container' ? Actor.Attributes.image : undefined;
  return {
    status: Action,
    id: Actor.ID,
    ...(from === undefined || from === '' ? {} : { from }),
    ...event,
  };
}
