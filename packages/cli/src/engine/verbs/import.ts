import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { list, text } from '../flags/flag.ts';
import { readableFile } from './files.ts';
import { splitTag } from './image-name.ts';
import { type Verb, VerbError } from './interface.ts';
import { showProgress } from './show-progress.ts';

export const importVerb: Verb = {
  usage: 'file|- [REPOSITORY[:TAG]]',
  description: 'Import the contents from a tarball to create a filesystem image',
  flags: [
    list('c, change', 'Apply Dockerfile instruction to the created image'),
    text('m, message', 'Set commit message for imported image'),
    text('platform', 'Set platform if server is multi-platform capable'),
  ],
  args: [1, 2],
  async run(call) {
    const { flags, context, args } = call;
    const [source = '', reference = ''] = args;
    if (/^https?:\/\//.test(source)) {
      throw new VerbError(`importing from a URL is not supported: download "${source}" and import the file`);
    }
    const path = source === '-' ? undefined : resolve(context.cwd, source);
    if (path !== undefined) await readableFile(path, source);
    const { name, tag } = splitTag(reference);
    const query = {
      ...{ fromSrc: '-', repo: name || undefined, tag, message: flags.text('message') },
      ...{ changes: flags.list('change'), platform: flags.text('platform') },
    };
    const body = path === undefined ? context.stdin : createReadStream(path);
    const headers = { 'content-type': 'application/x-tar' };
    await showProgress(call, { path: '/images/create', query, headers, body }, { target: 'stdout' });
  },
};
