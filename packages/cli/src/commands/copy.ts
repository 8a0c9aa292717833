import { familiarReference, type Platform, parsePlatform } from '@berth/oci';
import { type CopyResult, copyImage, type Location, openSink, openSource } from '@berth/transfer';
import { type Command, InvalidArgumentError } from 'commander';
import type { CliContext, CommandModule } from '../context.ts';
import { CliError } from '../errors.ts';
import { formatBytes } from '../output/columns.ts';
import { copyProgress } from '../progress/copy-progress.ts';
import { addRegistryOptions, openAccess, type RegistryAccess } from '../registry/access.ts';

interface CopyFlags {
  readonly platform?: string;
  readonly allTags?: boolean;
  readonly jobs: number;
  readonly quiet?: boolean;
}

/** `berth copy`: between registry, OCI layout and archive, in any direction. */
export const copyCommand: CommandModule = (program, context) => {
  const command = program
    .command('copy <source> <target>')
    .description(
      'Copy an image between registries, OCI layouts and archives; bytes and digests stay as they are',
    )
    .option(
      '--platform <platform>',
      'One platform of an index, for instance linux/arm64; "all" copies it whole',
    )
    .option('--all-tags', 'Every tag of the source')
    .option('--jobs <number>', 'Blobs on their way at once', parseJobs, 4)
    .option('-q, --quiet', 'Show no progress')
    .addHelpText('after', PLACES);
  addRegistryOptions(command).action(async (from: string, to: string, flags: CopyFlags) => {
    await copy(context, command, { from, to, flags });
  });
};

const PLACES = `
Source and target are each one of
  [docker://]name[:tag]          a registry
  oci:folder[:tag]               an OCI image layout
  oci-archive:file[:tag]         a tar of one
  docker-archive:file[:name:tag] what docker save writes and docker load reads

A target without a tag takes the tag of the source.`;

interface CopyCall {
  readonly from: string;
  readonly to: string;
  readonly flags: CopyFlags;
}

async function copy(context: CliContext, command: Command, { from, to, flags }: CopyCall): Promise<void> {
  const access = await openAccess(context, command);
  const [source, target] = [access.parseLocation(from), access.parseLocation(to)];
  const allTags = flags.allTags === true;
  refuseContradictions({ from, to, source, target, allTags });
  const platform = flags.platform === undefined ? undefined : readPlatform(flags.platform);
  const repository = archiveName(source, target, access);
  await using opened = await openSource(source, access.options);
  await using sink = await openSink(target, { ...access.options, repository });
  const references = allTags
    ? await Array.fromAsync(opened.tags({ signal: context.signal }))
    : [sourceName(source)];
  const done: { tag: string | undefined; result: CopyResult }[] = [];
  for (const reference of references) {
    const tag = allTags ? reference : targetTag(source, target);
    const progress = copyProgress(context, { isQuiet: flags.quiet === true });
    try {
      const options = { reference, tags: tag === undefined ? [] : [tag], platform, jobs: flags.jobs };
      const onEvent = progress.onEvent.bind(progress);
      done.push({
        tag,
        result: await copyImage(opened, sink, { ...options, onEvent, signal: context.signal }),
      });
    } finally {
      progress.stop();
    }
  }
  for (const { tag, result } of done) {
    const name =
      tag === undefined || sink.location.startsWith('docker-archive:')
        ? sink.location
        : `${sink.location}:${tag}`;
    report(context, { name, tag, ...result });
  }
}

function report(
  context: CliContext,
  done: CopyResult & { readonly name: string; readonly tag: string | undefined },
): void {
  const { name, tag, descriptor, blobs, copiedBytes } = done;
  const moved = copiedBytes === 0 ? 'nothing had to be moved' : `${formatBytes(copiedBytes)} moved`;
  context.printer.record(
    { type: 'copied', target: name, tag: tag ?? null, descriptor, blobs, copiedBytes },
    () => `${name}  ${moved}\n  ${descriptor.digest}`,
  );
}

interface Places {
  readonly from: string;
  readonly to: string;
  readonly source: Location;
  readonly target: Location;
  readonly allTags: boolean;
}

function refuseContradictions({ from, to, source, target, allTags }: Places): void {
  if (target.kind === 'registry' && target.reference.digest !== undefined) {
    throw new CliError('USAGE', `Cannot copy to "${to}": a digest names what is there already`, {
      hint: 'Give a tag or nothing after the name',
    });
  }
  if (!allTags) return;
  const named = [source, target].find((place) => explicitName(place) !== undefined);
  if (named === undefined) return;
  throw new CliError('USAGE', `Cannot copy all tags: "${named === source ? from : to}" already names one`, {
    hint: 'Leave out the tag, or leave out --all-tags',
  });
}

function explicitName(place: Location): string | undefined {
  return place.kind === 'registry' ? (place.reference.digest ?? place.reference.tag) : place.reference;
}

/** What the source is asked for; a registry means `latest` when it says nothing. */
function sourceName(source: Location): string | undefined {
  return explicitName(source) ?? (source.kind === 'registry' ? 'latest' : undefined);
}

function targetTag(source: Location, target: Location): string | undefined {
  const own = target.kind === 'registry' ? target.reference.tag : lastPart(target.reference);
  if (own !== undefined) return own;
  if (source.kind === 'registry') {
    return source.reference.tag ?? (source.reference.digest === undefined ? 'latest' : undefined);
  }
  return lastPart(source.reference) ?? 'latest';
}

/** The tag of `name:tag` and of a bare tag. */
function lastPart(reference: string | undefined): string | undefined {
  if (reference === undefined || reference.startsWith('@') || reference.includes('sha256:')) return undefined;
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/') ? reference.slice(colon + 1) : reference;
}

/** What a docker-archive calls its image: the name given, else the source's. */
function archiveName(source: Location, target: Location, access: RegistryAccess): string | undefined {
  if (target.kind !== 'docker-archive') return undefined;
  const text = target.reference ?? (source.kind === 'registry' ? undefined : source.reference);
  if (text === undefined) {
    if (source.kind !== 'registry') return undefined;
    const { registry, repository } = source.reference;
    return familiarReference({ registry, repository });
  }
  const { registry, repository } = access.parseReference(text);
  return familiarReference({ registry, repository });
}

function readPlatform(text: string): 'all' | Platform {
  return text === 'all' ? 'all' : parsePlatform(text);
}

function parseJobs(text: string): number {
  const jobs = Number(text);
  if (Number.isInteger(jobs) && jobs >= 1 && jobs <= 32) return jobs;
  throw new InvalidArgumentError('Give a number from 1 to 32.');
}
