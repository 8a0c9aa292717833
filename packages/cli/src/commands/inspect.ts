import { familiarReference, parseManifest, parsePlatform, parseTag } from '@berth/oci';
import { choosePlatform, type Location, openSource } from '@berth/transfer';
import type { CommandModule } from '../context.ts';
import { CliError } from '../errors.ts';
import { addRegistryOptions, openAccess } from '../registry/access.ts';
import { inspectImage, readConfigBytes } from '../registry/inspect-image.ts';
import { inspectText } from '../registry/inspect-text.ts';

interface InspectFlags {
  readonly raw?: boolean;
  readonly imageConfig?: boolean;
  readonly platform?: string;
}

/** `berth inspect`: manifest or index, config, layers, platforms. */
export const inspectCommand: CommandModule = (program, context) => {
  const command = program
    .command('inspect <image>')
    .description(
      'Show an image in a registry, an OCI layout or an archive: manifest, config, layers, platforms',
    )
    .option('--raw', 'The manifest or index, byte for byte')
    .option('--image-config', 'The image config, byte for byte')
    .option('--platform <platform>', 'Of an index, the image for this platform');
  addRegistryOptions(command).action(async (text: string, flags: InspectFlags) => {
    const { signal, printer } = context;
    const access = await openAccess(context, command);
    const location = access.parseLocation(text);
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
        throw new CliError('USAGE', `Cannot show the config of "${text}": it is an index of several images`, {
          hint: 'Choose one with --platform',
        });
      }
      printer.raw(await readConfigBytes(source, parsed.manifest.config, { signal }));
    } else {
      const report = await inspectImage(source, descriptor, { name: nameOf(location), signal });
      printer.result(report, () => inspectText(report));
    }
  });
};

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
