import { isApiError } from '../client/api-error.ts';
import { bool } from '../flags/flag.ts';
import { part } from './each.ts';
import { type Verb, VerbError } from './interface.ts';

export const rmi: Verb = {
  usage: 'IMAGE [IMAGE...]',
  description: 'Remove one or more images',
  flags: [bool('f, force', 'Force removal of the image'), bool('no-prune', 'Do not delete untagged parents')],
  args: [1],
  async run({ api, flags, args, out }) {
    const query = { force: flags.bool('force'), noprune: flags.bool('no-prune') };
    const errors: string[] = [];
    // One after the other: an image may be the parent of the next.
    for (const name of args) {
      try {
        type Done = { readonly Deleted?: string; readonly Untagged?: string };
        const done = await api.json<readonly Done[]>({
          method: 'DELETE',
          path: `/images/${part(name)}`,
          query,
        });
        for (const one of done) {
          out.line(one.Deleted === undefined ? `Untagged: ${one.Untagged}` : `Deleted: ${one.Deleted}`, one);
        }
      } catch (error) {
        if (!isApiError(error)) throw error;
        if (!(flags.bool('force') && error.status === 404)) errors.push(error.words);
      }
    }
    if (errors.length > 0) throw new VerbError(errors.join('\n'));
  },
};
