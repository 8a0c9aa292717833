import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../lab/command.ts';
import type { EngineHouse } from '../lab/engine-house.ts';
import { startServer } from '../lab/server.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A tmux of the test's own in a house: terminals that can do all that programs ask of a screen, in windows that nobody sees. */
export interface Tmux extends AsyncDisposable {
  /** Runs a command of the house in a new window. */
  open(
    command: readonly string[],
    options: Size & { readonly env?: Readonly<Record<string, string>> },
  ): Promise<Window>;
}

/** What somebody at a terminal does and sees. */
export interface Window {
  /** The keys of these letters. */
  type(text: string): Promise<void>;
  /** Keys by tmux's names: `Enter`, `C-c`, `Escape`, `Down`. */
  press(...keys: readonly string[]): Promise<void>;
  resize(size: Size): Promise<void>;
  /** Empties the screen and forgets what has scrolled away. */
  clear(): Promise<void>;
  /** Its terminal is gone, and whatever runs in it is told so. */
  close(): Promise<void>;
  /** What is shown now, without the spaces at the ends and the empty lines below. `all`: also what has scrolled away. */
  lines(options?: { readonly all?: boolean }): Promise<readonly string[]>;
  /** Column and row of the cursor, from 0. */
  cursor(): Promise<readonly [number, number]>;
  /** A full-screen program has asked for the second screen; the first comes back when it gives it up. */
  isSecondScreen(): Promise<boolean>;
  /** Waits until this is shown. @returns the screen @throws with what is shown instead, after half a minute */
  until(shown: string | RegExp): Promise<string>;
}

type Ask = (args: readonly string[]) => Promise<readonly string[]>;

export async function startTmux(house: EngineHouse): Promise<Tmux> {
  const socket = join(tmpdir(), `berth-tmux-${randomUUID().slice(0, 8)}`);
  const tmux = (args: readonly string[]) => house.command('tmux', ['-S', socket, '-f', '/dev/null', ...args]);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(socket, { force: true }));
  // In the foreground: it ends with the test's process, however that ends.
  const server = stack.use(
    await startServer(tmux(['-D']), {
      isWrapped: true,
      env: LOCALE,
      ready: async () => (await runCommand(tmux(['list-sessions']), { env: LOCALE })).code === 0,
    }),
  );
  const control = stack.use(openControl(tmux(['-C', 'new-session', 'sleep infinity'])));
  await control.ask(['set-option', '-g', 'history-limit', '10000']);
  const owned = stack.move();
  return {
    open: async (command, { columns, rows, env = {} }) => {
      const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
      const size = ['-x', String(columns), '-y', String(rows)];
      const args = ['new-session', '-d', '-P', '-F', '#{pane_id}', ...size, ...variables, ...command];
      const [id = ''] = await control.ask(args);
      return new Pane(id, control.ask);
    },
    [Symbol.asyncDispose]: async () => {
      if (server.ended === undefined) await control.ask(['kill-server']).catch(() => {});
      await owned.disposeAsync();
    },
  };
}

const LOCALE = { LANG: 'C.UTF-8' };

/** A client in tmux's control mode: it takes one command in a line, and answers between `%begin` and `%end` or `%error`. */
function openControl(command: readonly [string, ...string[]]): AsyncDisposable & { readonly ask: Ask } {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...LOCALE },
  });
  const closed = once(child, 'close');
  child.stdin.on('error', () => {});
  const answers = answersOf(child.stdout);
  // The first is that of the command that opened it.
  let last: Promise<unknown> = answers.next();
  return {
    ask: (words) => {
      const line = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
      const answer = last.then(async () => {
        child.stdin.write(`${line}\n`);
        const { value, done } = await answers.next();
        if (done === true) throw new Error('tmux has ended');
        if (!value.isError) return value.lines;
        throw new Error(`Cannot run "tmux ${line}": ${value.lines.join('\n')}`);
      });
      last = answer.catch(() => {});
      return answer;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

async function* answersOf(
  stream: Readable,
): AsyncGenerator<{ readonly lines: readonly string[]; readonly isError: boolean }, undefined> {
  let lines: string[] | undefined;
  for await (const line of createInterface({ input: stream })) {
    if (line.startsWith('%begin ')) lines = [];
    else if (lines !== undefined && /^%(end|error) [0-9]+ [0-9]+ [0-9]+$/.test(line)) {
      yield { lines, isError: line.startsWith('%error') };
      lines = undefined;
    } else lines?.push(line);
  }
  return undefined;
}

class Pane implements Window {
  readonly #id: string;
  readonly #ask: Ask;

  constructor(id: string, ask: Ask) {
    this.#id = id;
    this.#ask = ask;
  }

  async type(text: string): Promise<void> {
    await this.#ask(['send-keys', '-t', this.#id, '-l', '--', text]);
  }

  async press(...keys: readonly string[]): Promise<void> {
    await this.#ask(['send-keys', '-t', this.#id, '--', ...keys]);
  }

  async resize({ columns, rows }: Size): Promise<void> {
    await this.#ask(['resize-window', '-t', this.#id, '-x', String(columns), '-y', String(rows)]);
  }

  async clear(): Promise<void> {
    await this.#ask(['send-keys', '-t', this.#id, '-R']);
    await this.#ask(['clear-history', '-t', this.#id]);
  }

  async close(): Promise<void> {
    await this.#ask(['kill-pane', '-t', this.#id]);
  }

  async lines({ all = false }: { readonly all?: boolean } = {}): Promise<readonly string[]> {
    const from = all ? ['-S', '-'] : [];
    const lines = await this.#ask(['capture-pane', '-t', this.#id, '-p', ...from]);
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  }

  async cursor(): Promise<readonly [number, number]> {
    const [x = -1, y = -1] = (await this.#tell('#{cursor_x} #{cursor_y}')).split(' ').map(Number);
    return [x, y];
  }

  async isSecondScreen(): Promise<boolean> {
    return (await this.#tell('#{alternate_on}')) === '1';
  }

  async until(shown: string | RegExp): Promise<string> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const screen = (await this.lines()).join('\n');
      if (typeof shown === 'string' ? screen.includes(shown) : shown.test(screen)) return screen;
      if (performance.now() > deadline) throw new Error(`Waited in vain for "${shown}":\n${screen}`);
      await sleep(30);
    }
  }

  async #tell(format: string): Promise<string> {
    return (await this.#ask(['display-message', '-t', this.#id, '-p', format])).join('\n');
  }
}
