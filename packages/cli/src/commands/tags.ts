import { openSource } from '@berth/transfer';
import type { CommandModule } from '../context.ts';
import { addRegistryOptions, openAccess } from '../registry/access.ts';

/** `berth tags`: the names in a repository, a layout or an archive, one per line. */
export const tagsCommand: CommandModule = (program, context) => {
  const command = program
    .command('tags <repository>')
    .description(
      'List the tags of a repository, an OCI layout (oci:folder) or an archive (docker-archive:file)',
    );
  addRegistryOptions(command).action(async (text: string) => {
    const access = await openAccess(context, command);
    const location = access.parseLocation(text);
    await using source = await openSource(location, access.options);
    const tags: string[] = [];
    for await (const tag of source.tags({ signal: context.signal })) tags.push(tag);
    context.printer.result({ repository: source.location, tags }, () => tags.join('\n'));
  });
};
