import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { bool, text } from '../flags/flag.ts';
import { readableFile } from './files.ts';
import { type Verb, VerbError } from './interface.ts';
import { showProgress } from './show-progress.ts';

export const load: Verb = {
  usage: '',
  description: 'Load an image from a tar archive or STDIN',
  flags: [
    text('i, input', 'Read from tar archive file, instead of STDIN'),
    bool('q, quiet', 'Suppress the load output'),
  ],
  args: [0, 0],
  async run(call) {
    const { flags, context } = call;
    const input = flags.text('input');
    if (input === undefined && context.stdin.isTTY) {
      throw new VerbError('requested load from stdin, but stdin is empty');
    }
    const path = input === undefined ? undefined : resolve(context.cwd, input);
    if (path !== undefined) await readableFile(path, input ?? path);
    const body = path === undefined ? context.stdin : createReadStream(path);
    const query = { quiet: flags.bool('quiet') || !context.stdout.isTTY ? '1' : '0' };
    const headers = { 'content-type': 'application/x-tar' };
    await showProgress(call, { path: '/images/load', query, headers, body }, { target: 'stdout' });
  },
};
