import * as fs from 'node:fs';
import * as asyncFs from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { toPlainError } from '@berth/errors';
import { enterJail, enterMountNamespace, openInRoot, setTimes } from './index.ts';
import { libc } from './libc.ts';
import { cPath } from './paths.ts';

/** How the thread is jailed; without chdir only `jail.test.ts` does it, to show why it must be. */
export type JailStart =
  | { readonly root: string }
  | { readonly mountsOf: number }
  | { readonly rootWithoutChdir: string };

export interface JailQuestion {
  readonly ask: 'read' | 'readAsync' | 'list' | 'create' | 'touch' | 'openInRoot' | 'enterAgain' | 'end';
  readonly path: string;
}

const port = parentPort;
if (port === null) throw new Error('This file is the start of a worker thread');

function answer({ ask, path }: JailQuestion): unknown {
  switch (ask) {
    case 'read':
      return fs.readFileSync(path, 'utf8');
    case 'readAsync':
      return asyncFs.readFile(path, 'utf8');
    case 'list':
      return fs.readdirSync(path).sort().join(' ');
    case 'create':
      fs.writeFileSync(path, '', { mode: 0o777 });
      return (fs.statSync(path).mode & 0o777).toString(8);
    case 'touch':
      setTimes(path, { mtime: 1n });
      return 'touched';
    case 'openInRoot':
      return fs.readFileSync(openInRoot('/', path), 'utf8');
    case 'enterAgain':
      enterJail('/');
      return 'entered';
    case 'end':
      port?.unref();
      return 'ended';
  }
}

function enter(start: JailStart): void {
  if ('root' in start) enterJail(start.root);
  else if ('mountsOf' in start) enterMountNamespace(start.mountsOf);
  else {
    libc().unshare(0x200);
    libc().chroot(cPath(start.rootWithoutChdir));
  }
}

/** Node's own errors have no class: the code is what the test asks for. */
function failure(error: unknown): { code: string | undefined; message: string } {
  return { code: (error as { code?: string }).code, message: toPlainError(error).message };
}

try {
  enter(workerData);
  port.postMessage({ result: 'jailed' });
  port.on('message', async (question: JailQuestion) => {
    try {
      port.postMessage({ result: await answer(question) });
    } catch (error) {
      port.postMessage({ error: failure(error) });
    }
  });
} catch (error) {
  port.postMessage({ error: failure(error) });
}
