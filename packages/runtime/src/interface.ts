/**
 * The contract of an OCI runtime: a bundle becomes processes.
 *
 * Terms
 * - *bundle*: a folder with `config.json` (runtime-spec) whose `root.path` is a mounted root filesystem.
 * - *runtime*: runc or crun, as a program. Which one works here is found by running a container, not by its version.
 * - *init*: process 1 of a container. *exec*: another process in it.
 *
 * Life cycle
 *
 *     create (init waits in its namespaces) ──▶ start (the user's program runs) ──▶ exits ──▶ delete
 *                                                  └─ exec … exec
 *
 * The monitor calls it: init processes become children of whoever is the subreaper above it.
 * Nothing here keeps state; everything that a runtime keeps lies below `stateRoot`.
 */

export interface RuntimeProgram {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly version: string;
}

export interface Stdio {
  /** File descriptors of this process that the container gets as 0, 1 and 2; with a terminal none is used. */
  readonly stdin: number | 'null';
  readonly stdout: number | 'null';
  readonly stderr: number | 'null';
}

export interface CreateOptions {
  readonly bundle: string;
  readonly stdio: Stdio;
  /** Path of a listening `ConsoleSocket` when `process.terminal` is set. */
  readonly consoleSocket?: string;
  /** Told the pid of the runtime's own process when it begins, for who must be able to end it. */
  readonly onSpawn?: (pid: number) => void;
  readonly signal?: AbortSignal;
}

export interface ExecOptions {
  /** `process` of runtime-spec, complete. */
  readonly process: OciProcess;
  readonly stdio: Stdio;
  readonly consoleSocket?: string;
  readonly signal?: AbortSignal;
}

export interface Runtime {
  readonly program: RuntimeProgram;
  /** @returns pid of init in our pid namespace @throws {RuntimeError} `COMMAND_NOT_FOUND`, `COMMAND_NOT_EXECUTABLE`, `ROOT_REFUSED`, `RUNTIME_FAILED` with the runtime's own words in `detail.output` */
  create(id: string, options: CreateOptions): Promise<number>;
  /** @throws the same as create: runc resolves the command late */
  start(id: string): Promise<void>;
  exec(id: string, options: ExecOptions): Promise<number>;
  /** All processes of the container when `all`. Nothing there is fine. */
  kill(id: string, signal: number, options?: { readonly all?: boolean }): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /** Pids in our pid namespace. */
  pids(id: string): Promise<readonly number[]>;
  /**
   * Kills what is left, removes cgroup and state. Idempotent.
   *
   * @param options.bundle says which cgroup it is when a create was killed before the runtime wrote that down
   */
  delete(id: string, options?: { readonly bundle?: string }): Promise<void>;
}

/** The parts of runtime-spec's `process` that Berth writes. */
export interface OciProcess {
  readonly terminal: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly umask?: number;
    readonly additionalGids?: readonly number[];
  };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities?: Readonly<
    Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', readonly string[]>
  >;
  readonly rlimits?: readonly { readonly type: string; readonly hard: number; readonly soft: number }[];
  readonly noNewPrivileges?: boolean;
  readonly oomScoreAdj?: number;
  readonly apparmorProfile?: string;
}

/** Everything `buildSpec` needs, already decided: names resolved, defaults filled, image and caller merged. */
export interface ContainerSpec {
  readonly id: string;
  readonly rootfs: string;
  readonly isRootfsReadonly: boolean;
  readonly hostname: string;
  readonly domainname?: string;
  readonly process: {
    readonly args: readonly string[];
    readonly env: readonly string[];
    readonly cwd: string;
    readonly user: ResolvedUser;
    readonly terminal: boolean;
    readonly consoleSize?: readonly [height: number, width: number];
  };
  readonly isPrivileged: boolean;
  /** `CAP_…`, after add and drop. */
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  /** `default`: Docker's list; `unconfined`; or a profile in Docker's JSON form. */
  readonly seccomp: 'default' | 'unconfined' | object;
  readonly mounts: readonly SpecMount[];
  /** `undefined`: Docker's defaults. */
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly devices: readonly {
    readonly hostPath: string;
    readonly path: string;
    readonly permissions: string;
  }[];
  readonly deviceCgroupRules: readonly string[];
  readonly resources: SpecResources;
  readonly rlimits: readonly { readonly type: string; readonly hard: number; readonly soft: number }[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly namespaces: {
    /** Path of a namespace file; `host`: the machine's; `private`: a new one. */
    readonly network: string | 'host';
    readonly pid: string | 'host' | 'private';
    readonly ipc: string | 'host' | 'private' | 'shareable';
    readonly uts: 'host' | 'private';
    readonly cgroup: 'host' | 'private';
  };
  readonly cgroupParent?: string;
  readonly oomScoreAdj?: number;
  readonly shmSizeBytes: number;
}

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string;
}

export type SpecMount =
  | {
      readonly type: 'bind';
      readonly source: string;
      readonly target: string;
      readonly isReadonly: boolean;
      readonly propagation?: string;
      readonly isRecursive?: boolean;
    }
  | { readonly type: 'tmpfs'; readonly target: string; readonly options: readonly string[] };

export interface SpecResources {
  readonly memoryBytes?: number;
  readonly memorySwapBytes?: number;
  readonly memoryReservationBytes?: number;
  readonly isOomKillDisabled?: boolean;
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly cpuShares?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: number;
}
