import { closeSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ConsoleSocket, setWindowSize } from '@berth/linux/supervision';
import type { Stdio } from '@berth/runtime';
import type { MonitorPaths, ProcessPaths } from '../paths.ts';
import type { KeptDescriptor } from '../protocol/messages.ts';
import { makeStdio } from './stdio-fifos.ts';

export interface MadeProcess {
  readonly pid: number;
  readonly descriptors: readonly KeptDescriptor[];
}

export interface MakeProcessOptions {
  readonly paths: MonitorPaths;
  readonly files: ProcessPaths;
  readonly terminal: boolean;
  readonly openStdin: boolean;
  readonly consoleSize?: readonly [height: number, width: number];
  /** Runs the runtime: create or exec. */
  readonly run: (options: { readonly stdio: Stdio; readonly consoleSocket?: string }) => Promise<number>;
}

/** Gives the runtime what becomes a process's stdio, and keeps our side of it. After a failure nothing is open. */
export function makeProcess(options: MakeProcessOptions): Promise<MadeProcess> {
  return options.terminal ? withTerminal(options) : withFifos(options);
}

async function withFifos({ files, openStdin, run }: MakeProcessOptions): Promise<MadeProcess> {
  using opened = makeStdio(files, { openStdin });
  try {
    return { pid: await run({ stdio: opened.stdio }), descriptors: opened.descriptors };
  } catch (error) {
    // What the runtime said on the process's stderr goes with it.
    for (const { fd } of opened.descriptors) closeSync(fd);
    throw error;
  }
}

let consoles = 0;

async function withTerminal({ paths, consoleSize, run }: MakeProcessOptions): Promise<MadeProcess> {
  // Short, because a socket's path has 107 bytes: not below the container's own folder.
  const path = join(paths.folder, `tty-${++consoles}.sock`);
  rmSync(path, { force: true });
  await using socket = ConsoleSocket.listen(path);
  const given = new AbortController();
  const receiving = socket.receive({ signal: given.signal, timeoutMs: 60_000 });
  // Looked at below; a failure of the runtime comes first.
  receiving.catch(() => {});
  const nothing: Stdio = { stdin: 'null', stdout: 'null', stderr: 'null' };
  let pid: number;
  try {
    pid = await run({ stdio: nothing, consoleSocket: path });
  } catch (error) {
    given.abort(error);
    // It may have handed over a terminal before it failed.
    receiving.then(closeSync, () => {});
    throw error;
  }
  const fd = await receiving;
  if (consoleSize !== undefined) setWindowSize(fd, { rows: consoleSize[0], columns: consoleSize[1] });
  return { pid, descriptors: [{ role: 'terminal', fd }] };
}
