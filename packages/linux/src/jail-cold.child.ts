import { readFile } from 'node:fs/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { enterJail, warmThreadPool } from './index.ts';
import { libc } from './libc.ts';
import { cPath } from './paths.ts';

// A process whose thread pool is cold when a thread jails itself by hand and then does async fs first.
if (isMainThread) {
  const [, , root = ''] = process.argv;
  const url = new URL(import.meta.url);
  const run = (how: string) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(url, { workerData: { root, how } });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  const read = () =>
    readFile('/etc/inside', 'utf8').then(
      (text) => text,
      (error) => error.code,
    );
  const refused = await run('enterJail');
  await run('by hand');
  const cold = await read();
  await warmThreadPool();
  const warm = await read();
  console.log(JSON.stringify({ refused, cold, warm }));
} else {
  const { root, how } = workerData;
  try {
    if (how === 'enterJail') enterJail(root);
    libc().unshare(0x200);
    libc().chroot(cPath(root));
    libc().chdir(cPath('/'));
    await readFile('/etc/inside');
    parentPort?.postMessage('jailed');
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    parentPort?.postMessage(`${code}: ${message}`);
  }
}
