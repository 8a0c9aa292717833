import { part } from './each.ts';
import type { Verb } from './interface.ts';

const KINDS = ['C', 'A', 'D'];

export const diff: Verb = {
  usage: 'CONTAINER',
  description: "Inspect changes to files or directories on a container's filesystem",
  flags: [],
  args: [1, 1],
  async run({ api, out, args: [name = ''] }) {
    type Change = { readonly Kind: number; readonly Path: string };
    const changes = await api.json<readonly Change[] | null>({ path: `/containers/${part(name)}/changes` });
    for (const { Kind, Path } of changes ?? []) {
      const kind = KINDS[Kind] ?? '?';
      out.line(`${kind} ${Path}`, { Path, Type: kind });
    }
  },
};
