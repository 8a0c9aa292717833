import { createInterface } from 'node:readline';
import { bool, list } from '../flags/flag.ts';
import type { Flag } from '../flags/interface.ts';
import { humanSize } from '../format/sizes.ts';
import { filtersQuery } from './filters.ts';
import { type Verb, type VerbCall, VerbError } from './interface.ts';

const FORCE = bool('f, force', 'Do not prompt for confirmation');
const FILTERS: Flag = list('filter', 'Provide filter values (e.g. "until=<timestamp>")', {
  value: 'filter',
  check: (given) =>
    given === '' || given.includes('=') ? undefined : 'bad format of filter (expected name=value)',
});

interface Pruned {
  /** The heading and the names below it. */
  readonly text: string;
  readonly bytes: number;
}

export const pruneContainers: Verb = {
  usage: '',
  description: 'Remove all stopped containers',
  flags: [FILTERS, FORCE],
  args: [0, 0],
  run: (call) =>
    pruneOne(call, 'This will remove all stopped containers.', (given) => containers(call, given)),
};

export const pruneImages: Verb = {
  usage: '',
  description: 'Remove unused images',
  flags: [bool('a, all', 'Remove all unused images, not just dangling ones'), FILTERS, FORCE],
  args: [0, 0],
  run: (call) =>
    pruneOne(
      call,
      call.flags.bool('all')
        ? 'This will remove all images without at least one container associated to them.'
        : 'This will remove all dangling images.',
      (given) => images(call, given),
    ),
};

export const pruneVolumes: Verb = {
  usage: '',
  description: 'Remove unused local volumes',
  flags: [bool('a, all', 'Remove all unused volumes, not just anonymous ones'), FILTERS, FORCE],
  args: [0, 0],
  run: (call) => {
    const isAll = call.flags.bool('all');
    const what = isAll ? 'all local volumes' : 'anonymous local volumes';
    return pruneOne(call, `This will remove ${what} not used by at least one container.`, (given) =>
      volumes(call, given, isAll),
    );
  },
};

export const pruneSystem: Verb = {
  usage: '',
  description: 'Remove unused data',
  flags: [
    bool('a, all', 'Remove all unused images not just dangling ones'),
    FILTERS,
    FORCE,
    bool('volumes', 'Prune anonymous volumes'),
  ],
  args: [0, 0],
  async run(call) {
    const { flags, out } = call;
    const what = [
      'all stopped containers',
      'all networks not used by at least one container',
      ...(flags.bool('volumes') ? ['all anonymous volumes not used by at least one container'] : []),
      flags.bool('all')
        ? 'all images without at least one container associated to them'
        : 'all dangling images',
      'unused build cache',
    ];
    const list = what.map((one) => `\n  - ${one}`).join('');
    if (!flags.bool('force') && !(await confirmed(call, `WARNING! This will remove:${list}\n\n`))) return;
    const given = flags.list('filter');
    const done = [
      await containers(call, given),
      ...(flags.bool('volumes') ? [await volumes(call, given, false)] : []),
      await images(call, given),
    ];
    for (const { text } of done) if (text !== '') out.say(`${text}\n`);
    total(
      call,
      done.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  },
};

async function pruneOne(
  call: VerbCall,
  warning: string,
  prune: (filters: readonly string[]) => Promise<Pruned>,
): Promise<void> {
  if (!call.flags.bool('force') && !(await confirmed(call, `WARNING! ${warning}\n`))) return;
  const { text, bytes } = await prune(call.flags.list('filter'));
  if (text !== '') call.out.say(`${text}\n`);
  total(call, bytes);
}

function total({ out }: VerbCall, bytes: number): void {
  out.line(`Total reclaimed space: ${humanSize(bytes)}`, { SpaceReclaimed: bytes });
}

async function containers({ api, out }: VerbCall, given: readonly string[]): Promise<Pruned> {
  const { ContainersDeleted: names, SpaceReclaimed: bytes } = await api.json<{
    readonly ContainersDeleted: readonly string[] | null;
    readonly SpaceReclaimed: number;
  }>({ method: 'POST', path: '/containers/prune', query: { filters: filtersQuery(given) } });
  if (out.isJson) out.line('', { ContainersDeleted: names ?? [] });
  return { text: listText('Deleted Containers:', names ?? []), bytes };
}

async function volumes(call: VerbCall, given: readonly string[], isAll: boolean): Promise<Pruned> {
  const filters = filtersQuery(given, isAll ? { all: ['true'] } : {});
  const { VolumesDeleted: names, SpaceReclaimed: bytes } = await call.api.json<{
    readonly VolumesDeleted: readonly string[] | null;
    readonly SpaceReclaimed: number;
  }>({ method: 'POST', path: '/volumes/prune', query: { filters } });
  if (call.out.isJson) call.out.line('', { VolumesDeleted: names ?? [] });
  return { text: listText('Deleted Volumes:', names ?? []), bytes };
}

async function images({ api, flags, out }: VerbCall, given: readonly string[]): Promise<Pruned> {
  type Done = { readonly Deleted?: string; readonly Untagged?: string };
  const filters = filtersQuery(given, { dangling: [flags.bool('all') ? 'false' : 'true'] });
  const { ImagesDeleted: done, SpaceReclaimed: bytes } = await api.json<{
    readonly ImagesDeleted: readonly Done[] | null;
    readonly SpaceReclaimed: number;
  }>({ method: 'POST', path: '/images/prune', query: { filters } });
  if (out.isJson) out.line('', { ImagesDeleted: done ?? [] });
  const lines = (done ?? []).map(({ Deleted, Untagged }) =>
    Untagged === undefined ? `deleted: ${Deleted}` : `untagged: ${Untagged}`,
  );
  return { text: listText('Deleted Images:', lines), bytes };
}

function listText(heading: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [heading, ...lines, ''].join('\n');
}

/** Only a "y" is yes. */
async function confirmed({ out, context }: VerbCall, warning: string): Promise<boolean> {
  if (out.isJson) throw new VerbError('--format json asks nobody: add --force');
  out.say(`${warning}Are you sure you want to continue? [y/N] `);
  const reader = createInterface({ input: context.stdin });
  const stop = () => reader.close();
  context.signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const line of reader) return line.trim().toLowerCase() === 'y';
    context.signal.throwIfAborted();
    return false;
  } finally {
    context.signal.removeEventListener('abort', stop);
    reader.close();
  }
}
