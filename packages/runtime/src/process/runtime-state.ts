import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';

/** What a runtime wrote down about a container of its own. */
export interface RuntimeState {
  readonly pid: number;
  /** Folders of the container's cgroup, one per hierarchy that it is in; below a cgroup2 alone there is one. */
  readonly cgroupFolders: readonly string[];
  /** The folder that knows about memory; `undefined` when no hierarchy does. */
  readonly memoryFolder: string | undefined;
  /** Whether init is number 1 of a process namespace of its own: then nothing outlives it. */
  readonly hasPidNamespace: boolean;
}

/** The parts of runc's `state.json` that are read; they are the same since 1.0. */
interface RuncState {
  readonly init_process_pid?: number;
  readonly cgroup_paths?: Readonly<Record<string, string>>;
  readonly config?: { readonly namespaces?: readonly { readonly type?: string; readonly path?: string }[] };
}

/** The same of crun's `status`. */
interface CrunStatus {
  readonly pid?: number;
  readonly 'cgroup-path'?: string;
}

/** @returns `undefined`: the runtime does not know the container, or writes what we cannot read */
export function readRuntimeState(stateRoot: string, id: string): RuntimeState | undefined {
  const folder = join(stateRoot, id);
  const runc = readJson<RuncState>(join(folder, 'state.json'));
  if (runc !== undefined) return fromRunc(runc);
  const crun = readJson<CrunStatus>(join(folder, 'status'));
  return crun === undefined ? undefined : fromCrun(crun);
}

function fromRunc(state: RuncState): RuntimeState | undefined {
  const { cgroup_paths: paths, init_process_pid: pid } = state;
  if (pid === undefined || paths === undefined) return undefined;
  const own = state.config?.namespaces?.some(({ type, path }) => type === 'NEWPID' && (path ?? '') === '');
  return {
    pid,
    cgroupFolders: [...new Set(Object.values(paths))].filter((path) => path !== ''),
    memoryFolder: paths.memory ?? paths[''],
    hasPidNamespace: own === true,
  };
}

/** crun runs on cgroup2 alone or on the old hierarchies alone; its path is below each of them. */
function fromCrun(status: CrunStatus): RuntimeState | undefined {
  const { pid, 'cgroup-path': path } = status;
  if (pid === undefined || path === undefined || path === '') return undefined;
  const isUnified = readText(join(CGROUP_TOP, 'cgroup.controllers')) !== undefined;
  if (!isUnified) return undefined;
  const folder = join(CGROUP_TOP, path);
  return { pid, cgroupFolders: [folder], memoryFolder: folder, hasPidNamespace: false };
}

/**
 * Folders of the cgroup that a bundle asks for, in every hierarchy that has it. For a container of which nothing else is known.
 *
 * @returns `undefined`: the bundle does not say
 */
export function cgroupsOfBundle(bundle: string): readonly string[] | undefined {
  const config = readJson<{ linux?: { cgroupsPath?: string } }>(join(bundle, 'config.json'));
  const path = config?.linux?.cgroupsPath;
  if (path === undefined || !path.startsWith('/') || join('/', path) === '/') return undefined;
  const trees = readdirSync(CGROUP_TOP, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(CGROUP_TOP, name));
  return [CGROUP_TOP, ...trees].map((tree) => join(tree, path)).filter((folder) => existsSync(folder));
}

const CGROUP_TOP = '/sys/fs/cgroup';

function readJson<T>(path: string): T | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw error;
  }
}
