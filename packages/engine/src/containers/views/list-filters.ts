import type { ApiFilters } from '../../api/types.ts';
import { EngineError } from '../../errors.ts';
import { matchesLabels } from '../../filters/labels.ts';
import type { ImageCatalog } from '../../parts.ts';
import type { Container } from '../container.ts';
import type { ContainerStore } from '../container-store.ts';
import { networkName } from '../settings/modes.ts';
import { exposedPorts } from '../settings/ports.ts';
import { portList } from './summary.ts';

const KNOWN = [
  'ancestor',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'is-task',
  'isolation',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
];
const STATUSES = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];
const HEALTHS = ['starting', 'healthy', 'unhealthy', 'none'];

export interface ContainerFilter {
  /** `true`: containers that do not run are asked for by name, so that `all` is not needed. */
  readonly includesStopped: boolean;
  readonly matches: (container: Container) => boolean;
}

/**
 * The filters of `docker ps`: every key must match, of one key any value (labels: all of them).
 * @throws {EngineError} `FILTER_INVALID`, `CONTAINER_UNKNOWN` (`before`, `since`)
 */
export async function containerFilter(
  filters: ApiFilters = {},
  deps: { readonly store: ContainerStore; readonly images: Pick<ImageCatalog, 'find'> },
): Promise<ContainerFilter> {
  for (const key of Object.keys(filters)) {
    if (!KNOWN.includes(key)) throw new EngineError('FILTER_INVALID', `invalid filter '${key}'`);
  }
  const statuses = checked(filters, { key: 'status', allowed: STATUSES });
  const healths = checked(filters, { key: 'health', allowed: HEALTHS });
  const exited = (filters.exited ?? []).map((text) => {
    if (!/^-?\d+$/.test(text)) throw invalid('exited', text);
    return Number(text);
  });
  const names = (filters.name ?? []).map(nameMatcher);
  const before = earliest(filters.before, deps.store);
  const since = latest(filters.since, deps.store);
  const imageIds = await ancestors(filters.ancestor, deps.images);
  const { id, label = [], volume, network, publish, expose } = filters;
  for (const text of publish ?? []) portFilter('publish', text);
  for (const text of expose ?? []) portFilter('expose', text);
  return {
    includesStopped: statuses.length > 0 || exited.length > 0,
    matches: (container) => {
      const { settings, state } = container;
      return (
        (statuses.length === 0 || statuses.includes(state.status)) &&
        (healths.length === 0 || healths.includes('none')) &&
        (exited.length === 0 ||
          (exited.includes(state.exitCode) && !container.isActive && state.startedAt !== undefined)) &&
        (names.length === 0 || names.some((matches) => matches(container.name))) &&
        anyOf(id, (prefix) => container.id.startsWith(prefix)) &&
        matchesLabels(settings.config.Labels, label) &&
        (before === undefined || container.createdAt < before) &&
        (since === undefined || container.createdAt > since) &&
        (imageIds === undefined || imageIds.has(settings.imageId)) &&
        anyOf(volume, (text) => hasVolume(container, text)) &&
        anyOf(network, (text) => isInNetwork(container, text)) &&
        anyOf(publish, (text) => publishes(container, text)) &&
        anyOf(expose, (text) => exposes(container, text))
      );
    },
  };
}

function anyOf(values: readonly string[] | undefined, matches: (value: string) => boolean): boolean {
  return values === undefined || values.length === 0 || values.some(matches);
}

function checked(
  filters: ApiFilters,
  { key, allowed }: { readonly key: string; readonly allowed: readonly string[] },
): readonly string[] {
  const values = filters[key] ?? [];
  for (const value of values) if (!allowed.includes(value)) throw invalid(key, value);
  return values;
}

function invalid(key: string, value: string): EngineError {
  return new EngineError('FILTER_INVALID', `invalid filter '${key}=${value}'`);
}

const LONGEST_PATTERN = 512;

/** A regular expression anywhere in the name, with or without the slash; what is none is taken as text. */
function nameMatcher(text: string): (name: string) => boolean {
  if (text.length > LONGEST_PATTERN) throw invalid('name', `${text.slice(0, 40)}…`);
  try {
    const pattern = new RegExp(text);
    return (name) => pattern.test(name) || pattern.test(`/${name}`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return (name) => name.includes(text);
  }
}

function earliest(values: readonly string[] | undefined, store: ContainerStore): Date | undefined {
  const dates = (values ?? []).map((nameOrId) => store.find(nameOrId).createdAt);
  return dates.sort((a, b) => a.getTime() - b.getTime())[0];
}

function latest(values: readonly string[] | undefined, store: ContainerStore): Date | undefined {
  const dates = (values ?? []).map((nameOrId) => store.find(nameOrId).createdAt);
  return dates.sort((a, b) => b.getTime() - a.getTime())[0];
}

async function ancestors(
  values: readonly string[] | undefined,
  images: Pick<ImageCatalog, 'find'>,
): Promise<ReadonlySet<string> | undefined> {
  if (values === undefined || values.length === 0) return undefined;
  const found = await Promise.all(values.map((name) => images.find(name)));
  return new Set(found.flatMap((image) => (image === undefined ? [] : [image.id])));
}

function hasVolume(container: Container, text: string): boolean {
  return container.settings.mounts.some(
    (mount) =>
      mount.destination === text ||
      (mount.type === 'volume' && mount.name === text) ||
      (mount.type === 'bind' && mount.source === text),
  );
}

function isInNetwork(container: Container, text: string): boolean {
  const name = networkName(container.settings.hostConfig.NetworkMode);
  return name === text || container.sandbox?.endpoint?.networkId.startsWith(text) === true;
}

interface PortFilter {
  readonly from: number;
  readonly to: number;
  readonly protocol: string;
}

/** `80`, `80/udp`, `8000-8080/tcp`. */
function portFilter(key: string, text: string): PortFilter {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (match === null) throw invalid(key, text);
  const from = Number(match[1]);
  return { from, to: Number(match[2] ?? from), protocol: match[3] ?? 'tcp' };
}

function publishes(container: Container, text: string): boolean {
  const { from, to, protocol } = portFilter('publish', text);
  return portList(container).some(
    ({ PublicPort, Type }) =>
      PublicPort !== undefined && Type === protocol && PublicPort >= from && PublicPort <= to,
  );
}

function exposes(container: Container, text: string): boolean {
  const { from, to, protocol } = portFilter('expose', text);
  return exposedPorts(container.settings.config).some((key) => {
    const [port, type] = key.split('/');
    return type === protocol && Number(port) >= from && Number(port) <= to;
  });
}
