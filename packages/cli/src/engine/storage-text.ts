import type { DriverFinding, EngineStorage, EngineStorageUsage, LayerUsage } from '@berth/engine';
import { alignColumns, formatBytes } from '../output/columns.ts';

const REASONS: Readonly<Record<string, string>> = {
  set: 'as set',
  found: 'its layers were there',
  best: 'the best that works here',
};

/** `overlay2 (the best that works here)` */
export function driverText(driver: string, reason: string): string {
  return `${driver} (${REASONS[reason] ?? reason})`;
}

/** So many names of images or containers stand beside a layer. */
const SHOWN_NAMES = 3;

/** Layers in their stacks, containers, what is nobody's, and the sum, which is what the disk has. */
export function usageText(usage: EngineStorageUsage, folder: string): string {
  const { layers, containers, overheadBytes, leftoverBytes, totalBytes } = usage;
  const blocks = [`${folder}\n${driverText(usage.driver, usage.driverReason)}`];
  if (layers.length > 0) {
    blocks.push(
      alignColumns([['LAYER', 'DISK', 'CONTENT', 'IMAGES', 'CONTAINERS'], ...layers.map(layerRow)]),
    );
  }
  if (containers.length > 0) {
    const rows = containers.map(({ id, name, diskBytes, isMounted }) => [
      ...[id.slice(0, 12), formatBytes(diskBytes), name],
      isMounted ? 'mounted' : '',
    ]);
    blocks.push(alignColumns([['CONTAINER', 'DISK', 'NAME', ''], ...rows]));
  }
  const sum = (list: readonly { readonly diskBytes: number }[]) =>
    formatBytes(list.reduce((bytes, one) => bytes + one.diskBytes, 0));
  blocks.push(
    alignColumns([
      ['Layers', sum(layers), `${layers.length}`],
      ['Containers', sum(containers), `${containers.length}`],
      ['Overhead', formatBytes(overheadBytes), 'database, folders, mount points of images'],
      ['Leftover', formatBytes(leftoverBytes), leftoverBytes === 0 ? '' : 'berth storage check --repair'],
      ['Total', formatBytes(totalBytes), ''],
    ]),
  );
  return blocks.join('\n\n');
}

function layerRow({ diffID, depth, diskBytes, contentBytes, images, containers }: LayerUsage): string[] {
  return [
    `${'  '.repeat(Math.min(depth - 1, 8))}${shortDigest(diffID)}`,
    ...[formatBytes(diskBytes), formatBytes(contentBytes)],
    ...[someOf(images.map(shortName)), someOf(containers)],
  ];
}

function shortName(name: string): string {
  return name.startsWith('sha256:') ? shortDigest(name) : name;
}

function shortDigest(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 12);
}

function someOf(names: readonly string[]): string {
  const more = names.length - SHOWN_NAMES;
  return [...names.slice(0, SHOWN_NAMES), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

/** The driver in use with its status, then one block for each: whether it works here, why or why not, what is known of it. */
export function storageInfoText({
  inUse,
  drivers,
}: {
  readonly inUse?: EngineStorage;
  readonly drivers: readonly DriverFinding[];
}): string {
  const head =
    inUse === undefined
      ? 'No engine was ever started here: there is no driver in use'
      : [
          `In use: ${driverText(inUse.driver, inUse.driverReason)}`,
          alignColumns(inUse.status.map(([key, value]) => [`  ${key}`, value])),
        ].join('\n');
  return [head, ...drivers.map(findingText)].join('\n\n');
}

function findingText({ name, summary, support, holdsLayers, probe }: DriverFinding): string {
  const { kernel, isInMainline, deprecated, prefer } = support;
  const rows = [
    ...(probe.works
      ? [['Evidence', probe.evidence]]
      : [
          ['Why', probe.cause],
          ['Evidence', probe.evidence],
          ['Fix', probe.fix],
        ]),
    ['Needs', `${kernel}${isInMainline ? '' : ', which is not in the mainline kernel'}`],
    ...(deprecated === undefined ? [] : [['Deprecated', deprecated]]),
    ['Prefer', prefer],
  ];
  const verdict = probe.works ? 'works here' : 'does not work here';
  return [
    `${name}: ${verdict}${holdsLayers ? '; its layers are here' : ''}`,
    `  ${summary}`,
    alignColumns(rows.map(([label = '', text = '']) => [`  ${label}`, text])),
  ].join('\n');
}
