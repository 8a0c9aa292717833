/** A registry that kills itself at the n-th time of a step: `crash.child.ts <folder> <step> <n>`. */
import { join } from 'node:path';
import { openFolderBlobStore } from '@berth/content';
import { startTestRegistry } from './test-registry.ts';

const [root = '', wanted = '', nth = '1'] = process.argv.slice(2);
let left = Number(nth);
const onStep = (step: string): void => {
  process.stdout.write(`step ${step}\n`);
  if (step !== wanted) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
};
const blobs = await openFolderBlobStore({ path: join(root, 'content'), onStep });
const server = await startTestRegistry({ root, blobs, onStep });
process.stdout.write(`url ${server.url}\n`);
