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

/** The parts of crun's `status` that are read. */
interface CrunStatus {
  readonly pid?: number;
  readonly 'cgroup-path'?: string;
}

/** @returns `undefined`: the runtime does not know the container, or writes what we cannot read */
export function readRuntimeState(stateRoot: string, id: string): RuntimeState | undefined {
  const folder = join(stateRoot, id);
  const runc = readText(join(folder, 'state.json'));
  if (runc !== undefined) return fromRunc(runc);
  const crun = readJson<CrunStatus>(join(folder, 'status'));
  return crun === undefined ? undefined : fromCrun(crun);
}

interface RuncNamespace {
  readonly type?: string;
  readonly path?: string;
}

/**
 * runc's `state.json`, whose names are the same since 1.0. It has the whole filter in it, so parsing all of it would cost more than everything
 * else that is done at the end of a container: three values are cut out. Inside of texts a quote has a backslash before
 * it, so no text can look like a name.
 */
function fromRunc(text: string): RuntimeState | undefined {
  const pid = Number(/"init_process_pid":(\d+)/.exec(text)?.[1]);
  const paths = cutOut<Readonly<Record<string, string>>>(text, /"cgroup_paths":(\{[^}]*\})/);
  if (!(pid > 0) || paths === undefined) return undefined;
  const namespaces = cutOut<readonly RuncNamespace[] | null>(text, /"namespaces":(\[[^\]]*\])/) ?? [];
  return {
    pid,
    cgroupFolders: [...new Set(Object.values(paths))].filter((path) => path !== ''),
    memoryFolder: paths.memory ?? paths[''],
    hasPidNamespace: namespaces.some(({ type, path }) => type === 'NEWPID' && (path ?? '') === ''),
  };
}

/** @returns `undefined`: it is not there, or was cut off by a kill in the middle of writing it */
function cutOut<T>(text: string, pattern: RegExp): T | undefined {
  const [, json] = pattern.exec(text) ?? [];
  return json === undefined ? undefined : parseJson<T>(json);
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
  return text === undefined ? undefined : parseJson<T>(text);
}

function parseJson<T>(text: string): T | undefined {
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
