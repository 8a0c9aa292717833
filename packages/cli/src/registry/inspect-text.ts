import { formatPlatform } from '@berth/oci';
import { alignColumns, formatBytes } from '../output/columns.ts';
import { oneLine } from '../output/printable.ts';
import type { ImageReport } from './inspect-image.ts';

/** The report as people read it. */
export function inspectText(report: ImageReport): string {
  const blocks = [facts(report)];
  if (report.images !== undefined) blocks.push(platformTable(report));
  if (report.manifest !== undefined) blocks.push(layerTable(report));
  return blocks.filter((block) => block !== '').join('\n\n');
}

function facts({ name, descriptor, sizeBytes, manifest, config, index }: ImageReport): string {
  const { Entrypoint, Cmd, User, WorkingDir, Env, ExposedPorts, Labels } = config?.config ?? {};
  const rows: [string, string | undefined][] = [
    ['Name', name],
    ['Digest', descriptor.digest],
    ['Type', descriptor.mediaType],
    ['Artifact', manifest?.artifactType ?? index?.artifactType],
    ['Subject', (manifest ?? index)?.subject?.digest],
    ['Size', formatBytes(sizeBytes)],
    ['Platform', config === undefined ? undefined : formatPlatform(config)],
    ['Image ID', config === undefined ? undefined : manifest?.config.digest],
    ['Created', config?.created],
    ['Author', config?.author],
    ['Entrypoint', words(Entrypoint)],
    ['Command', words(Cmd)],
    ['User', User],
    ['Folder', WorkingDir],
    ['Ports', listed(Object.keys(ExposedPorts ?? {}))],
    ...(Env ?? []).map((text, at): [string, string] => [at === 0 ? 'Environment' : '', text]),
    ...Object.entries(Labels ?? {}).map(([key, value], at): [string, string] => [
      at === 0 ? 'Labels' : '',
      `${key}=${value}`,
    ]),
  ];
  const known = rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== '');
  return alignColumns(known.map(([label, value]) => [label === '' ? '' : `${label}:`, value]));
}

function platformTable({ images = [] }: ImageReport): string {
  const rows = images.map(({ platform, descriptor, sizeBytes, layers }) => [
    platform ?? '-',
    formatBytes(sizeBytes),
    `${layers}`,
    descriptor.digest,
  ]);
  // The longest last: a narrow terminal breaks nothing but its end.
  return alignColumns([['PLATFORM', 'SIZE', 'LAYERS', 'DIGEST'], ...rows]);
}

function layerTable({ manifest, config }: ImageReport): string {
  if (manifest === undefined || manifest.layers.length === 0) return '';
  const steps = (config?.history ?? []).filter(({ empty_layer }) => empty_layer !== true);
  const rows = manifest.layers.map(({ digest, size, mediaType }, at) => [
    digest,
    formatBytes(size),
    // The steps fit the layers only when there are as many.
    steps.length === manifest.layers.length ? shorten(steps[at]?.created_by ?? mediaType) : mediaType,
  ]);
  return alignColumns([
    ['LAYER', 'SIZE', steps.length === manifest.layers.length ? 'MADE BY' : 'TYPE'],
    ...rows,
  ]);
}

function words(list: readonly string[] | undefined): string | undefined {
  return list === undefined || list.length === 0 ? undefined : JSON.stringify(list);
}

function listed(list: readonly string[]): string | undefined {
  return list.length === 0 ? undefined : list.join(', ');
}

function shorten(text: string): string {
  const line = oneLine(text);
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
