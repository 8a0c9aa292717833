import { bool, text } from '../flags/flag.ts';
import { splitTag } from './image-name.ts';
import { type Verb, type VerbCall, VerbError } from './interface.ts';
import { registryAuth } from './registry-auth.ts';
import { type ShowProgressOptions, showProgress } from './show-progress.ts';

export const pull: Verb = {
  usage: 'NAME[:TAG|@DIGEST]',
  description: 'Download an image from a registry',
  flags: [
    bool('a, all-tags', 'Download all tagged images in the repository'),
    text('platform', 'Set platform if server is multi-platform capable'),
    bool('q, quiet', 'Suppress verbose output'),
  ],
  args: [1, 1],
  async run(call) {
    const { flags, out, args } = call;
    const [name = ''] = args;
    const { tag, digest } = splitTag(name);
    const isNamed = tag !== undefined || digest !== undefined;
    const [isAll, isQuiet] = [flags.bool('all-tags'), flags.bool('quiet')];
    if (isAll && isNamed) throw new VerbError("tag can't be used with --all-tags/-a");
    if (!isAll && !isNamed && !isQuiet) out.say('Using default tag: latest\n');
    const fullName = await pullImage(call, name, { target: isQuiet ? 'none' : 'stdout', isAll });
    const shown = isAll ? splitTag(fullName).name : fullName;
    out.line(shown, { image: shown });
  },
};

/** Pulls and shows how it goes. @returns the whole name */
export async function pullImage(
  call: VerbCall,
  name: string,
  { isAll = false, ...progress }: ShowProgressOptions & { readonly isAll?: boolean },
): Promise<string> {
  const { headers, fullName } = await registryAuth(call, name);
  const given = splitTag(name);
  const tag = given.digest ?? given.tag ?? (isAll ? undefined : 'latest');
  const query = { fromImage: given.name, tag, platform: call.flags.text('platform') };
  await showProgress(call, { path: '/images/create', query, headers }, progress);
  return fullName;
}
