import { resolve } from 'node:path';
import { bool } from '../flags/flag.ts';
import { humanSize } from '../format/sizes.ts';
import { type Verb, type VerbCall, VerbError } from './interface.ts';

export interface Place {
  readonly container: string | undefined;
  readonly path: string;
}

export const cp: Verb = {
  usage: 'CONTAINER:SRC_PATH DEST_PATH|-\nSRC_PATH|- CONTAINER:DEST_PATH',
  description: 'Copy files/folders between a container and the local filesystem',
  notes: `"-" is a tar archive on standard input or output. Outside the container nothing is written beyond the target, whatever
the links in the archive say; devices and pipes are not made there.`,
  flags: [
    bool('a, archive', 'Archive mode (copy all uid/gid information)'),
    bool('L, follow-link', 'Always follow symbol link in SRC_PATH'),
    bool('q, quiet', 'Suppress progress output during copy'),
  ],
  args: [2, 2],
  async run(call) {
    const [from, to] = [readPlace(call.args[0] ?? ''), readPlace(call.args[1] ?? '')];
    if (from.path === '') throw new VerbError('source can not be empty');
    if (to.path === '') throw new VerbError('destination can not be empty');
    if (from.container !== undefined && to.container !== undefined) {
      throw new VerbError('copying between containers is not supported');
    }
    if (from.container !== undefined) {
      const { copyOut } = await import('./copy/copy-out.ts');
      const bytes = await copyOut(call, { container: from.container, path: from.path, target: to.path });
      report(call, bytes, to.path === '-' ? undefined : resolve(call.context.cwd, to.path));
    } else if (to.container !== undefined) {
      const { copyIn } = await import('./copy/copy-in.ts');
      const bytes = await copyIn(call, { container: to.container, path: to.path, source: from.path });
      report(call, bytes, `${to.container}:${to.path}`);
    } else throw new VerbError('must specify at least one container source');
  },
};

/** A path that begins with a slash or a dot has no container before its colon. */
function readPlace(word: string): Place {
  const colon = word.indexOf(':');
  if (word.startsWith('/') || word.startsWith('.') || colon < 0) return { container: undefined, path: word };
  return { container: word.slice(0, colon), path: word.slice(colon + 1) };
}

function report({ flags, context, out }: VerbCall, bytes: number, where: string | undefined): void {
  if (where === undefined || flags.bool('quiet') || !context.stdout.isTTY) return;
  out.note(`Successfully copied ${humanSize(bytes)} to ${where}`);
}
