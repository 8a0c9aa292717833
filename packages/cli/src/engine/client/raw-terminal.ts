import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hasCode } from '@berth/errors';

/** Makes keys of the terminal go through as they are, until it is disposed of. */
export async function rawTerminal(stdin: NodeJS.ReadStream): Promise<AsyncDisposable> {
  stdin.setRawMode(true);
  // Node's raw mode leaves ONLCR on, which would take a program's line feeds for new lines; what Node saved brings it back.
  await stty(['-opost']);
  return {
    [Symbol.asyncDispose]: async () => {
      stdin.setRawMode(false);
    },
  };
}

/** Of coreutils. Where there is none, full-screen programs may look wrong, and all else is well. */
async function stty(args: readonly string[]): Promise<void> {
  const child = spawn('stty', args, { stdio: ['inherit', 'ignore', 'ignore'] });
  try {
    await once(child, 'close');
  } catch (error) {
    if (!hasCode(error) || error.code !== 'ENOENT') throw error;
  }
}
