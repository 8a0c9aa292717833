import type { ApiContainerSummary } from '@berth/engine';
import { portsText } from './ports.ts';
import { humanSize } from './sizes.ts';
import { type Column, ellipsis, shortId } from './table.ts';
import { ago, goTime } from './times.ts';

type Row = ApiContainerSummary;

const COMMAND_RUNES = 20;
const MOUNT_RUNES = 15;

/** Of `docker ps`; also in `system df -v`. */
export function containerColumns(options: {
  readonly isWhole: boolean;
  readonly hasSize: boolean;
}): readonly Column<Row>[] {
  const { isWhole, hasSize } = options;
  return [
    { name: 'ID', heading: 'CONTAINER ID', cell: ({ Id }) => (isWhole ? Id : shortId(Id)) },
    { name: 'Image', heading: 'IMAGE', cell: (row) => imageName(row, isWhole) },
    {
      name: 'Command',
      heading: 'COMMAND',
      cell: ({ Command }) => quoted(isWhole ? Command : ellipsis(Command, COMMAND_RUNES)),
    },
    { name: 'RunningFor', heading: 'CREATED', cell: ({ Created }) => ago(new Date(Created * 1000)) },
    { name: 'Status', heading: 'STATUS', cell: ({ Status }) => Status },
    { name: 'Ports', heading: 'PORTS', cell: ({ Ports }) => portsText(Ports) },
    { name: 'Names', heading: 'NAMES', cell: ({ Names }) => namesText(Names, isWhole) },
    { name: 'Size', heading: hasSize ? 'SIZE' : undefined, cell: sizeText },
    { name: 'CreatedAt', heading: undefined, cell: ({ Created }) => goTime(new Date(Created * 1000)) },
    { name: 'Labels', heading: undefined, cell: ({ Labels }) => labelsText(Labels) },
    { name: 'LocalVolumes', heading: undefined, cell: (row) => String(localVolumes(row)) },
    { name: 'Mounts', heading: undefined, cell: (row) => mountsText(row, isWhole) },
    {
      name: 'Networks',
      heading: undefined,
      cell: ({ NetworkSettings }) => Object.keys(NetworkSettings.Networks ?? {}).join(','),
    },
    { name: 'Platform', heading: undefined, cell: () => '', data: () => null },
    { name: 'State', heading: undefined, cell: ({ State }) => State },
  ];
}

export function sizeText({ SizeRw = 0, SizeRootFs = 0 }: Row): string {
  const own = humanSize(SizeRw, 3);
  return SizeRootFs > 0 ? `${own} (virtual ${humanSize(SizeRootFs, 3)})` : own;
}

export function localVolumes({ Mounts }: Row): number {
  return Mounts.filter(({ Driver }) => Driver === 'local').length;
}

export function labelsText(labels: Readonly<Record<string, string>> | null): string {
  return Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

/** A name that is an id is cut like one. */
function imageName({ Image, ImageID }: Row, isWhole: boolean): string {
  if (Image === '') return '<no image>';
  if (isWhole) return Image;
  return Image === ImageID || Image === ImageID.replace('sha256:', '')
    ? shortId(ImageID)
    : Image.replace(/@.*$/, '');
}

/** Names of links have a slash in them, and are only told whole. */
function namesText(names: readonly string[], isWhole: boolean): string {
  const bare = names.map((name) => name.replace(/^\//, ''));
  return (isWhole ? bare : bare.filter((name) => !name.includes('/')).slice(0, 1)).join(',');
}

function mountsText({ Mounts }: Row, isWhole: boolean): string {
  return Mounts.map(({ Name, Source }) => Name || Source)
    .map((name) => (isWhole ? name : ellipsis(name, MOUNT_RUNES)))
    .join(',');
}

/** Go's `strconv.Quote`. */
function quoted(text: string): string {
  const escaped = text.replaceAll(/["\\\u0000-\u001f\u007f]/g, (character) => {
    const known = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r' }[character];
    return known ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}
