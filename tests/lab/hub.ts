import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { hasCode } from '@berth/errors';
import { type Answer, httpCall } from './http-call.ts';
import type { Namespace } from './netns.ts';
import { type Server, startServer } from './server.ts';

const TOP = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

export interface StartHubOptions {
  /** `BERTH_…` settings; they win over what is set here. Settings of the user's own environment are not passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Kept at the end; a temporary one, removed at the end, when left out. */
  readonly dataRoot?: string;
  /** Where it runs; its address is then the namespace's, port 5000. */
  readonly netns?: Namespace;
  /** `false`: no account is made, the set-up link is in `report.setupLink`. */
  readonly admin?: false;
  readonly signal?: AbortSignal;
}

/** The line that `berth hub --format json` prints when it is ready, as far as tests read it. */
export interface HubReport {
  readonly pid: number;
  readonly url: string;
  readonly localUrl: string;
  readonly dataFolder: string;
  readonly user: string | null;
  readonly setupLink: string | null;
  readonly authorityPath: string | null;
}

/** One line of the Hub's access log. */
export interface AccessLine {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly subject?: string;
}

/** The real program, started as a user starts it, in a process of its own. */
export interface TestHub extends AsyncDisposable {
  readonly report: HubReport;
  /** `host:port` for image names. */
  readonly host: string;
  readonly port: number;
  readonly dataRoot: string;
  readonly username: string;
  readonly password: string;
  readonly server: Server;
  /** Kills the Hub as hard as can be, and waits until it is gone. */
  kill(): Promise<void>;
  /** Ends it politely when it runs, and starts it again on the same data folder and port. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Lines since the start of the data folder; waits until the log has been written out. */
  accessLog(): Promise<AccessLine[]>;
  /** Calls the Hub's API as the first account (or another), from where the Hub runs. */
  api(
    method: string,
    path: string,
    options?: { readonly json?: unknown; readonly as?: Account },
  ): Promise<Answer>;
  /** Bytes that the data folder takes on disk. */
  diskUsage(): Promise<number>;
  /** `berth check --deep` on its data folder. */
  check(): Promise<{ readonly code: number; readonly output: string }>;
}

export interface Account {
  readonly username: string;
  readonly password: string;
}

/** Starts a Hub in a data folder of its own and waits until it is ready. */
export async function startHub(options: StartHubOptions = {}): Promise<TestHub> {
  const dataRoot = options.dataRoot ?? (await mkdtemp(join(tmpdir(), 'berth-hub-')));
  // The Hub gives up root and must be able to pass.
  await chmod(dataRoot, 0o755);
  const hub = new RunningHub(dataRoot, options);
  try {
    await hub.start({});
  } catch (error) {
    await hub[Symbol.asyncDispose]();
    throw error;
  }
  return hub;
}

/** Runs `berth` with arguments to its end. Any exit code is a value. */
export async function runBerth(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly netns?: Namespace } = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const [program, ...rest] = berthCommand(args, options.netns);
  try {
    const { stdout, stderr } = await run(program, rest, {
      env: { ...cleanEnvironment(), ...options.env },
      maxBuffer: 256 * 1024 * 1024,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failed = error as { readonly code?: unknown; readonly stdout?: string; readonly stderr?: string };
    if (typeof failed.code !== 'number') throw error;
    return { code: failed.code, stdout: failed.stdout ?? '', stderr: failed.stderr ?? '' };
  }
}

function berthCommand(args: readonly string[], netns: Namespace | undefined): [string, ...string[]] {
  const script = join(TOP, 'packages/cli/bin/berth.mjs');
  if (netns !== undefined) return netns.wrap(process.execPath, script, ...args);
  return ['setpriv', '--pdeathsig', 'KILL', '--', process.execPath, script, ...args];
}

/** The environment without Berth's settings of whoever runs the tests, and without node:test's own. */
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('BERTH_') && !name.startsWith('NODE_TEST') && !/^https?_proxy$/i.test(name),
  );
  return { ...(Object.fromEntries(kept) as Record<string, string>), LANG: 'C.UTF-8' };
}

class RunningHub implements TestHub {
  readonly dataRoot: string;
  readonly username = 'admin';
  readonly password = 'correct horse battery staple';
  readonly #options: StartHubOptions;
  #server: Server | undefined;
  #report: HubReport | undefined;

  constructor(dataRoot: string, options: StartHubOptions) {
    this.dataRoot = dataRoot;
    this.#options = options;
  }

  get server(): Server {
    if (this.#server === undefined) throw new Error('The Hub was not started');
    return this.#server;
  }

  get report(): HubReport {
    if (this.#report === undefined) throw new Error('The Hub was not ready');
    return this.#report;
  }

  get host(): string {
    return new URL(this.report.url).host;
  }

  get port(): number {
    return Number(new URL(this.report.localUrl).port);
  }

  async start(env: Readonly<Record<string, string>>): Promise<void> {
    const { netns } = this.#options;
    const port = this.#report === undefined ? (netns === undefined ? 0 : 5000) : this.port;
    const account =
      this.#options.admin === false
        ? {}
        : { BERTH_ADMIN_USER: this.username, BERTH_ADMIN_PASSWORD: this.password };
    this.#server = await startServer(berthCommand(['hub', '--format', 'json'], netns), {
      cwd: '/',
      onlyEnv: {
        ...cleanEnvironment(),
        BERTH_DATA_ROOT: this.dataRoot,
        BERTH_HUB_ADDR: `${netns?.address ?? '127.0.0.1'}:${port}`,
        ...account,
        ...this.#options.env,
        ...env,
      },
      ready: (server) => {
        this.#report = readReport(server.stdout()) ?? this.#report;
        return readReport(server.stdout()) !== undefined;
      },
      ...(this.#options.signal === undefined ? {} : { signal: this.#options.signal }),
    });
  }

  async kill(): Promise<void> {
    if (this.server.ended !== undefined) return;
    try {
      process.kill(this.report.pid, 'SIGKILL');
    } catch (error) {
      if (!hasCode(error) || error.code !== 'ESRCH') throw error;
    }
    await this.server.exited();
  }

  async restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.server.stop();
    await this.start(env);
  }

  async accessLog(): Promise<AccessLine[]> {
    const path = join(this.report.dataFolder, 'logs/access.log');
    let text = '';
    // The Hub writes in batches; two equal looks say that nothing is on its way.
    for (let same = 0; same < 3; ) {
      await sleep(100);
      const now = await readFile(path, 'utf8').catch((error: unknown) => {
        if (hasCode(error) && error.code === 'ENOENT') return '';
        throw error;
      });
      same = now === text ? same + 1 : 0;
      text = now;
    }
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as AccessLine);
  }

  async api(
    method: string,
    path: string,
    options: { readonly json?: unknown; readonly as?: Account } = {},
  ): Promise<Answer> {
    const { username, password } = options.as ?? this;
    const { localUrl, authorityPath } = this.report;
    const from = {
      ...(this.#options.netns === undefined ? {} : { netns: this.#options.netns }),
      ...(authorityPath === null ? {} : { authorityPath }),
    };
    const json = { 'content-type': 'application/json' };
    const body = JSON.stringify({ username, password });
    const signIn = await httpCall(`${localUrl}/v2/users/login`, {
      ...from,
      method: 'POST',
      headers: json,
      body,
    });
    const { token } = JSON.parse(signIn.text) as { readonly token?: string };
    return await httpCall(localUrl + path, {
      ...from,
      method,
      headers: { authorization: `Bearer ${token}`, ...(options.json === undefined ? {} : json) },
      ...(options.json === undefined ? {} : { body: JSON.stringify(options.json) }),
    });
  }

  async diskUsage(): Promise<number> {
    const { stdout } = await run('du', ['--summarize', '--block-size=1', this.dataRoot]);
    return Number(stdout.split('\t')[0]);
  }

  async check(): Promise<{ readonly code: number; readonly output: string }> {
    const result = await runBerth(['check', '--deep'], { env: { BERTH_DATA_ROOT: this.dataRoot } });
    return { code: result.code, output: result.stdout + result.stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server !== undefined) await this.#server.stop();
    if (this.#options.dataRoot === undefined) await rm(this.dataRoot, { recursive: true, force: true });
  }
}

function readReport(stdout: string): HubReport | undefined {
  const line = stdout
    .split('\n')
    .find((one) => one.startsWith('{') && one.includes('"url"') && one.endsWith('}'));
  return line === undefined ? undefined : (JSON.parse(line) as HubReport);
}
