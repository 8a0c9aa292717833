import { familiarReference, parseManifest, parsePlatform, parseTag } from '@berth/oci';
import { choosePlatform, type Location, openSource } from '@berth/transfer';
import type { CliContext, FlagSource } from '../context.ts';
import { CliError } from '../errors.ts';
import { openAccess } from './access.ts';
import { inspectImage, readConfigBytes } from './inspect-image.ts';
import { inspectText } from './inspect-text.ts';

export interface InspectLocationCall {
  readonly place: string;
  readonly source: FlagSource;
  readonly flags: { readonly raw?: boolean; readonly imageConfig?: boolean; readonly platform?: string };
}

/** Prints an image in a registry, a layout or an archive: manifest or index, config, layers, platforms. */
export async function inspectLocation(context: CliContext, call: InspectLocationCall): Promise<void> {
  const { place, flags } = call;
  const { signal, printer } = context;
  const access = await openAccess(context, call.source);
  const location = access.parseLocation(place);
  await using source = await openSource(location, access.options);
  const named = await source.resolve(undefined, { signal });
  const descriptor =
    flags.platform === undefined
      ? named
      : await choosePlatform(source, named, { platform: parsePlatform(flags.platform), signal });
  if (flags.raw === true) {
    printer.raw((await source.manifest(descriptor, { signal })).bytes);
  } else if (flags.imageConfig === true) {
    const { bytes } = await source.manifest(descriptor, { signal });
    const parsed = parseManifest(bytes, descriptor.mediaType);
    if (parsed.kind === 'index') {
      throw new CliError('USAGE', `Cannot show the config of "${place}": it is an index of several images`, {
        hint: 'Choose one with --platform',
      });
    }
    printer.raw(await readConfigBytes(source, parsed.manifest.config, { signal }));
  } else {
    const report = await inspectImage(source, descriptor, { name: nameOf(location), signal });
    printer.result(report, () => inspectText(report));
  }
}

function nameOf(location: Location): string {
  if (location.kind !== 'registry')
    return `${location.kind}:${location.path}${location.reference === undefined ? '' : `:${location.reference}`}`;
  const { reference } = location;
  return familiarReference(
    reference.tag === undefined && reference.digest === undefined
      ? { ...reference, tag: parseTag('latest') }
      : reference,
  );
}
