import { bool } from '../flags/flag.ts';
import { part } from './each.ts';
import { splitTag } from './image-name.ts';
import { type Verb, VerbError } from './interface.ts';
import { registryAuth } from './registry-auth.ts';
import { showProgress } from './show-progress.ts';

export const push: Verb = {
  usage: 'NAME[:TAG]',
  description: 'Upload an image to a registry',
  flags: [
    bool('a, all-tags', 'Push all tags of an image to the repository'),
    bool('q, quiet', 'Suppress verbose output'),
  ],
  args: [1, 1],
  async run(call) {
    const { flags, out, args } = call;
    const [name = ''] = args;
    const [isAll, isQuiet] = [flags.bool('all-tags'), flags.bool('quiet')];
    const { name: repository, tag: given, digest } = splitTag(name);
    if (isAll && (given ?? digest) !== undefined) {
      throw new VerbError("tag can't be used with --all-tags/-a");
    }
    const tag = isAll ? undefined : (given ?? 'latest');
    if (!isAll && given === undefined && !isQuiet) out.say('Using default tag: latest\n');
    const { headers, fullName } = await registryAuth(call, name);
    const path = `/images/${part(repository)}/push`;
    await showProgress(call, { path, query: { tag }, headers }, { target: isQuiet ? 'none' : 'stdout' });
    if (isQuiet) out.line(isAll ? splitTag(fullName).name : fullName);
  },
};
