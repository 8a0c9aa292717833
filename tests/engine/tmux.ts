import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandResult, runCommand } from '../lab/command.ts';
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

type Ask = (args: readonly string[]) => Promise<string>;

export async function startTmux(house: EngineHouse): Promise<Tmux> {
  const socket = join(tmpdir(), `berth-tmux-${randomUUID().slice(0, 8)}`);
  const tmux = (args: readonly string[]) => house.command('tmux', ['-S', socket, '-f', '/dev/null', ...args]);
  const run = async (args: readonly string[]): Promise<CommandResult> =>
    await runCommand(tmux(args), { env: { LANG: 'C.UTF-8' } });
  const ask: Ask = async (args) => {
    const { code, stdout, stderr } = await run(args);
    if (code !== 0) throw new Error(`Cannot run "tmux ${args.join(' ')}": ${stderr}`);
    return stdout;
  };
  // In the foreground: it ends with the test's process, however that ends.
  const server = await startServer(tmux(['-D']), {
    isWrapped: true,
    env: { LANG: 'C.UTF-8' },
    ready: async () => (await run(['set-option', '-g', 'history-limit', '10000'])).code === 0,
  });
  return {
    open: async (command, { columns, rows, env = {} }) => {
      const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
      const size = ['-x', String(columns), '-y', String(rows)];
      const args = ['new-session', '-d', '-P', '-F', '#{pane_id}', ...size, ...variables, ...command];
      return new Pane((await ask(args)).trim(), ask);
    },
    [Symbol.asyncDispose]: async () => {
      if (server.ended === undefined) await run(['kill-server']);
      await server.stop();
      await rm(socket, { force: true });
    },
  };
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

  async close(): Promise<void> {
    await this.#ask(['kill-pane', '-t', this.#id]);
  }

  async lines({ all = false }: { readonly all?: boolean } = {}): Promise<readonly string[]> {
    const from = all ? ['-S', '-'] : [];
    return (await this.#ask(['capture-pane', '-t', this.#id, '-p', ...from])).trimEnd().split('\n');
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
      if (typeof shown === 'string' ? screen.includes(shown) : shown.test(screen)) { if (process.env.SHOW) console.log('=== ' + shown + '\n' + screen); return screen; }
      if (performance.now() > deadline) throw new Error(`Waited in vain for "${shown}":\n${screen}`);
      await sleep(30);
    }
  }

  async #tell(format: string): Promise<string> {
    return (await this.#ask(['display-message', '-t', this.#id, '-p', format])).trimEnd();
  }
}
