import type { FlagSource } from '../../context.ts';
import { isApiError } from '../client/api-error.ts';
import { bool, text } from '../flags/flag.ts';
import { type Flag, FlagError, type ParsedFlags } from '../flags/interface.ts';
import { FORMAT_FLAG, type ObjectKind, objectJson, printObjects, SIZE_FLAG } from './inspect-objects.ts';
import { type Verb, type VerbCall, VerbError } from './interface.ts';

const KINDS: readonly ObjectKind[] = ['container', 'image', 'network', 'volume'];

/** Any of these means a place: a registry, a layout, an archive. */
const PLACE_FLAGS: readonly Flag[] = [
  bool('raw', 'Of a place: the manifest or index, byte for byte'),
  bool('image-config', 'Of a place: the image config, byte for byte'),
  text('platform', 'Of an index, the image for this platform', { value: 'platform' }),
  text('registry-ca', 'Authority file (PEM) for registries [BERTH_REGISTRY_CA]', { value: 'file' }),
  text(
    'insecure-registries',
    'Registries that may be spoken to over plain HTTP [BERTH_INSECURE_REGISTRIES]',
    {
      value: 'list',
    },
  ),
  bool('plain-http', 'Speak plain HTTP with registries beyond loopback too'),
];

/**
 * `berth inspect`: what the engine has under a name, else what stands in a registry, a layout or an archive.
 *
 * The engine is asked first: who types docker's command means what is on this machine, and a container's name must never
 * be carried to a registry on the way. Whoever means the place says so, with its kind (`docker://name`) or one of its flags.
 */
export const inspect: Verb = {
  usage: 'NAME|ID [NAME|ID...]\n<place>',
  description:
    'Show what the engine has under a name; else an image in a registry, an OCI layout or an archive',
  notes: `A name is looked for among the engine's containers, images, networks and volumes, in this order, or in the one
that --type says. One name that the engine does not have, or that no engine is there to ask for, is a place:
  [docker://]name[:tag]          a registry
  oci:folder[:tag]               an OCI image layout
  oci-archive:file[:tag]         a tar of one
  docker-archive:file[:name:tag] what docker save writes and docker load reads
With one of these prefixes, or with a flag of places, no engine is asked.`,
  flags: [
    FORMAT_FLAG,
    SIZE_FLAG,
    text('type', `Only inspect objects of the given type: ${KINDS.join(', ')}`, { value: 'type' }),
    ...PLACE_FLAGS,
  ],
  args: [1],
  async run(call) {
    const { flags, args } = call;
    const kinds = kindsOf(flags.text('type'));
    const isPlace = PLACE_FLAGS.some(({ name }) => flags.has(name)) || args.some(hasPrefix);
    if (isPlace && flags.has('type'))
      throw new FlagError('--type is for what the engine has, and this names a place');
    if (isPlace) {
      for (const place of args) await inspectPlace(call, place);
      return;
    }
    const mayBePlace = args.length === 1 && !flags.has('type') && !flags.has('size');
    const found: string[] = [];
    const missing: string[] = [];
    for (const name of args) {
      const object = await objectOf(call, { name, kinds, mayBePlace });
      if (object !== undefined) found.push(object);
      else missing.push(name);
    }
    const [place] = missing;
    if (mayBePlace && place !== undefined) return await inspectPlace(call, place);
    printObjects(call, found);
    const what = flags.text('type') ?? 'object';
    if (missing.length > 0) {
      throw new VerbError(missing.map((name) => `Error: No such ${what}: ${name}`).join('\n'));
    }
  },
};

function kindsOf(type: string | undefined): readonly ObjectKind[] {
  if (type === undefined || type === '') return KINDS;
  const kind = KINDS.find((one) => one === type);
  if (kind === undefined) {
    const known = KINDS.map((one) => `"${one}"`).join(', ');
    throw new VerbError(`unknown type: "${type}": must be one of ${known}`);
  }
  return [kind];
}

function hasPrefix(name: string): boolean {
  return /^(docker:\/\/|(oci|oci-archive|docker-archive):)/.test(name);
}

async function objectOf(
  call: VerbCall,
  { name, kinds, mayBePlace }: { name: string; kinds: readonly ObjectKind[]; mayBePlace: boolean },
): Promise<string | undefined> {
  const hasSize = call.flags.bool('size');
  for (const kind of kinds) {
    try {
      return await objectJson(call, { kind, name, hasSize });
    } catch (error) {
      // A name that one kind cannot have, another may.
      if (isApiError(error) && (error.status === 404 || error.status === 400)) continue;
      if (mayBePlace && isUnreachable(error)) return undefined;
      throw error;
    }
  }
  return undefined;
}

function isUnreachable(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return code === 'ENGINE_NOT_RUNNING' || code === 'ENGINE_DENIED';
}

async function inspectPlace({ context, flags }: VerbCall, place: string): Promise<void> {
  const { inspectLocation } = await import('../../registry/inspect-location.ts');
  await inspectLocation(context, {
    place,
    source: sourceOf(flags),
    flags: {
      ...(flags.bool('raw') ? { raw: true } : {}),
      ...(flags.bool('image-config') ? { imageConfig: true } : {}),
      ...(flags.has('platform') ? { platform: flags.text('platform') ?? '' } : {}),
    },
  });
}

/** As `context.settings` and the registry client ask for flags. */
function sourceOf(flags: ParsedFlags): FlagSource {
  const given = {
    config: flags.text('config'),
    registryCa: flags.text('registry-ca'),
    insecureRegistries: flags.text('insecure-registries'),
    plainHttp: flags.bool('plain-http'),
  };
  return { optsWithGlobals: <T extends object>() => given as T };
}
