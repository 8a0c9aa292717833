/**
 * Does one thing with images and kills itself at the n-th time of a step: `crash.child.ts <folder> <step> <n> <what> <argument>`.
 * Prints every step it comes by.
 */
import { createReadStream, writeSync } from 'node:fs';
import { openTestImages } from './test-images.ts';

const [dataRoot = '', wanted = '', nth = '1', what = '', argument = ''] = process.argv.slice(2);
let left = Number(nth);
let isBegun = false;
const onStep = (step: string): void => {
  if (!isBegun) return;
  // Not by the stream of Node: it would be gone with the process.
  writeSync(1, `${step}\n`);
  if (step !== wanted) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
};

await using engine = await openTestImages({ dataRoot, onStep });
isBegun = true;
if (what === 'pull') await engine.images.pull(argument);
else if (what === 'load') await engine.images.load(createReadStream(argument));
else if (what === 'import') {
  await engine.images.importTar(createReadStream(argument), { reference: 'imported:1' });
} else await engine.images.remove(argument);
