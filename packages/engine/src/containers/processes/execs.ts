import type { ApiExecCreate, ApiExecInspect } from '../../api/types.ts';
import { EngineError } from '../../errors.ts';
import { newId } from '../ids.ts';

/** Another process in a container: asked for, then started once. Known until the container's run is over and a while longer. */
export class Exec {
  readonly id = newId();
  readonly containerId: string;
  readonly config: ApiExecCreate;
  /** Set when it is started: a client may ask for a terminal only then. */
  tty: boolean;
  phase: 'created' | 'starting' | 'running' | 'ended' = 'created';
  pid = 0;
  exitCode: number | null = null;
  endedAt = 0;
  readonly #ended = Promise.withResolvers<void>();

  constructor(containerId: string, config: ApiExecCreate) {
    this.containerId = containerId;
    this.config = config;
    this.tty = config.Tty === true;
  }

  /** Resolves when its exit code is known. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  end(exitCode: number | null): void {
    this.phase = 'ended';
    this.exitCode = exitCode;
    this.pid = 0;
    this.endedAt = Date.now();
    this.#ended.resolve();
  }

  inspect(): ApiExecInspect {
    const { config } = this;
    const [entrypoint = '', ...args] = config.Cmd;
    return {
      ID: this.id,
      Running: this.phase === 'running',
      ExitCode: this.exitCode,
      ProcessConfig: {
        tty: this.tty,
        entrypoint,
        arguments: args,
        privileged: config.Privileged === true,
        ...(config.User ? { user: config.User } : {}),
      },
      OpenStdin: config.AttachStdin === true,
      OpenStderr: config.AttachStderr === true,
      OpenStdout: config.AttachStdout === true,
      CanRemove: false,
      ContainerID: this.containerId,
      DetachKeys: config.DetachKeys ?? '',
      Pid: this.pid,
    };
  }
}

/** As long as Docker keeps those that have ended, for clients that ask for the exit code late. */
const KEPT_MS = 5 * 60_000;
/** So that a client that only creates them does not fill the memory. */
const KEPT_MOST = 10_000;

/** All execs, by id. */
export class ExecTable {
  readonly #execs = new Map<string, Exec>();

  add(exec: Exec): void {
    this.#sweep();
    this.#execs.set(exec.id, exec);
  }

  get(id: string): Exec | undefined {
    return this.#execs.get(id);
  }

  /** @throws {EngineError} `EXEC_UNKNOWN` */
  find(id: string): Exec {
    const exec = this.#execs.get(id) ?? this.#only(id);
    if (exec === undefined) throw new EngineError('EXEC_UNKNOWN', `No such exec instance: ${id}`);
    return exec;
  }

  /** The container's run is over: what was in it is over too. */
  endOf(containerId: string): void {
    for (const exec of this.#execs.values()) {
      if (exec.containerId !== containerId || exec.phase === 'ended') continue;
      exec.end(exec.phase === 'created' ? null : 137);
    }
  }

  #only(prefix: string): Exec | undefined {
    if (prefix.length < 12) return undefined;
    const found = [...this.#execs.values()].filter(({ id }) => id.startsWith(prefix));
    return found.length === 1 ? found[0] : undefined;
  }

  #sweep(): void {
    const oldest = Date.now() - KEPT_MS;
    for (const [id, exec] of this.#execs) {
      const isOld = exec.phase === 'ended' && exec.endedAt < oldest;
      const isTooMany = this.#execs.size > KEPT_MOST && exec.phase !== 'running';
      if (isOld || isTooMany) this.#execs.delete(id);
    }
  }
}
