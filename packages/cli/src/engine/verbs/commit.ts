import { bool, list, text } from '../flags/flag.ts';
import { splitTag } from './image-name.ts';
import type { Verb } from './interface.ts';

export const commit: Verb = {
  usage: 'CONTAINER [REPOSITORY[:TAG]]',
  description: "Create a new image from a container's changes",
  flags: [
    text('a, author', 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")'),
    list('c, change', 'Apply Dockerfile instruction to the created image'),
    text('m, message', 'Commit message'),
    bool('p, pause', 'Pause container during commit', true),
  ],
  args: [1, 2],
  async run({ api, flags, out, args: [container = '', reference = ''] }) {
    const { name, tag } = splitTag(reference);
    const { Id } = await api.json<{ readonly Id: string }>({
      method: 'POST',
      path: '/commit',
      query: {
        ...{ container, repo: name || undefined, tag, comment: flags.text('message') },
        ...{ author: flags.text('author'), changes: flags.list('change') },
        pause: flags.bool('pause') ? '1' : '0',
      },
    });
    out.line(Id, { Id });
  },
};
