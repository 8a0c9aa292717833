import { hasCode } from '@berth/errors';
import type { AttachedStreams, ProcessExit } from '@berth/monitor';
import type { ApiExecCreate } from '../../api/types.ts';
import { EngineError } from '../../errors.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { notRunning } from '../lifecycle/commands.ts';
import { runtimeWords } from '../lifecycle/start-error.ts';
import { isZero, notImplemented, refused } from '../settings/refuse.ts';
import { tell } from '../tell.ts';
import { execProcess } from './exec-process.ts';
import { Exec } from './execs.ts';

const KNOWN = new Set([
  'Cmd',
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'Tty',
  'Detach',
  'DetachKeys',
  'Env',
  'User',
  'Privileged',
  'WorkingDir',
  'ConsoleSize',
]);

/** @throws {EngineError} `CONFIG_REFUSED`, `CONTAINER_NOT_RUNNING`, `CONTAINER_PAUSED` */
export function createExec(context: ContainersContext, container: Container, config: ApiExecCreate): string {
  for (const [name, value] of Object.entries(config)) {
    if (!KNOWN.has(name) && !isZero(value)) throw notImplemented(`The setting "${name}" of an exec`);
  }
  const { Cmd, Env, WorkingDir } = config;
  const isList = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (!isList(Cmd) || Cmd.length === 0) throw refused('No exec command specified');
  if (Env !== undefined && Env !== null && !isList(Env)) throw refused('Env must be a list of strings');
  if ([...Cmd, ...(Env ?? [])].some((text) => text.includes('\0'))) throw refused('Cmd has a NUL byte');
  if (WorkingDir && !WorkingDir.startsWith('/')) {
    throw refused(`the working directory '${WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  refuseNotRunning(container);
  const exec = new Exec(container.id, config);
  context.execs.add(exec);
  container.execIds.add(exec.id);
  tell(context.emit, container, execEvent('exec_create', exec));
  return exec.id;
}

export interface StartExecOptions {
  readonly detach: boolean;
  readonly tty?: boolean | undefined;
  readonly consoleSize?: readonly [height: number, width: number] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @returns the streams it asked for; `undefined` when it is detached */
export async function startExec(
  context: ContainersContext,
  execId: string,
  options: StartExecOptions,
): Promise<(AttachedStreams & { readonly isTerminal: boolean }) | undefined> {
  const exec = context.execs.find(execId);
  const container = context.store.find(exec.containerId);
  if (exec.phase === 'ended') throw execState(`exec process ${exec.id} has already exited`);
  if (exec.phase !== 'created') throw execState(`exec ${exec.id} is already running`);
  refuseNotRunning(container);
  if (options.tty !== undefined && !options.detach) exec.tty = options.tty || exec.config.Tty === true;
  exec.phase = 'starting';
  const monitor = context.monitor();
  const { AttachStdin = false, AttachStdout = false, AttachStderr = false } = exec.config;
  const isAttached = !options.detach && (AttachStdin || AttachStdout || AttachStderr);
  await using undo = new AsyncDisposableStack();
  tell(context.emit, container, execEvent('exec_start', exec));
  try {
    const process = execProcess(container, exec, {
      rootfs: `/proc/${container.state.pid}/root`,
      consoleSize: options.consoleSize,
    });
    const attaching = isAttached
      ? monitor.attach(container.id, {
          execId: exec.id,
          stdin: AttachStdin,
          stdout: AttachStdout,
          stderr: AttachStderr && !exec.tty,
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        })
      : Promise.resolve(undefined);
    const streams = await attaching;
    if (streams !== undefined) undo.use(streams);
    const pid = await monitor.exec(container.id, {
      execId: exec.id,
      process,
      openStdin: AttachStdin && !options.detach,
    });
    // Its exit may have been told before this answer.
    if (exec.phase === 'starting') {
      exec.phase = 'running';
      exec.pid = pid;
    }
    undo.move();
    return streams === undefined ? undefined : withTerminal(streams, exec.tty);
  } catch (error) {
    const failure = failed(container, exec, error);
    // Whoever reads its output is told there, as with Docker; the exit code says the rest.
    if (isAttached) return said(`${failure.message}\r\n`, exec.tty);
    throw failure;
  }
}

function said(text: string, isTerminal: boolean): AttachedStreams & { readonly isTerminal: boolean } {
  return {
    isTerminal,
    output: (async function* () {
      yield { stream: 'stdout', bytes: Buffer.from(text) } as const;
    })(),
    write: async () => undefined,
    endInput: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function withTerminal(
  streams: AttachedStreams,
  isTerminal: boolean,
): AttachedStreams & { readonly isTerminal: boolean } {
  return {
    isTerminal,
    output: streams.output,
    write: (bytes) => streams.write(bytes),
    endInput: () => streams.endInput(),
    [Symbol.asyncDispose]: () => streams[Symbol.asyncDispose](),
  };
}

/** The exit codes that a shell would give: 127 not there, 126 not to be run. */
function failed(container: Container, exec: Exec, error: unknown): Error {
  const code = hasCode(error) ? error.code : '';
  const exitCode = code === 'COMMAND_NOT_FOUND' ? 127 : 126;
  exec.end(exitCode);
  container.execIds.delete(exec.id);
  if (code === 'COMMAND_NOT_FOUND' || code === 'COMMAND_NOT_EXECUTABLE') {
    return new EngineError('COMMAND_REFUSED', runtimeWords(error), { cause: error });
  }
  if (code === 'RUNTIME_FAILED')
    return new EngineError('START_FAILED', runtimeWords(error), { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}

/** An exec has ended. */
export function execExited(context: ContainersContext, container: Container, exit: ProcessExit): void {
  const exec = context.execs.get(exit.execId ?? '');
  if (exec === undefined || exec.phase === 'ended') return;
  exec.end(exit.exitCode ?? null);
  container.execIds.delete(exec.id);
  tell(context.emit, container, {
    action: 'exec_die',
    attributes: { execID: exec.id, exitCode: String(exit.exitCode ?? '') },
  });
}

function refuseNotRunning(container: Container): void {
  const { status } = container.state;
  if (status === 'paused') {
    const message = `container ${container.id} is paused, unpause the container before exec`;
    throw new EngineError('CONTAINER_PAUSED', message);
  }
  if (status === 'restarting') {
    const message = `container ${container.id} is restarting, wait until the container is running`;
    throw new EngineError('CONTAINER_BUSY', message);
  }
  if (status !== 'running') throw notRunning(container);
}

function execState(message: string): EngineError {
  return new EngineError('EXEC_STATE', message);
}

function execEvent(action: string, exec: Exec): { action: string; attributes: Record<string, string> } {
  // As Docker writes it: with a blank behind a command without arguments.
  const [entrypoint = '', ...args] = exec.config.Cmd;
  return { action: `${action}: ${entrypoint} ${args.join(' ')}`, attributes: { execID: exec.id } };
}
