import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program in a terminal of its own, by script(1): what is typed goes in, all that is shown is kept. */
export interface Terminal extends AsyncDisposable {
  shown(): string;
  type(text: string): void;
  /** Waits until it shows the text. @throws with all that was shown, after half a minute */
  until(text: string): Promise<void>;
  /** Waits until the program has ended. */
  ended(): Promise<void>;
}

export function openInTerminal(command: readonly string[]): Terminal {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TERM: 'xterm', SHELL: '/bin/sh' },
  });
  const closed = once(child, 'close');
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
  }
  child.stdin.on('error', () => {});
  return {
    shown: () => text,
    type: (keys) => {
      child.stdin.write(keys);
    },
    until: async (wanted) => {
      for (let attempt = 0; !text.includes(wanted); attempt += 1) {
        if (attempt > 600) throw new Error(`Waited in vain for "${wanted}":\n${text}`);
        await sleep(50);
      }
    },
    ended: async () => {
      await closed;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
