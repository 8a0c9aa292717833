import { part } from './each.ts';
import { splitTag } from './image-name.ts';
import type { Verb } from './interface.ts';

export const tag: Verb = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  description: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
  flags: [],
  args: [2, 2],
  async run({ api, args: [source = '', target = ''] }) {
    const { name, tag: given } = splitTag(target);
    await api.act({ path: `/images/${part(source)}/tag`, query: { repo: name, tag: given ?? 'latest' } });
  },
};
