import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import type { TestEngine } from '../lab/engine.ts';
import { machineState } from '../lab/leaks.ts';

/** What a container, an image or a volume could leave behind in the house of an engine. */
export interface HouseState {
  readonly mounts: readonly string[];
  readonly loops: readonly string[];
  readonly interfaces: readonly string[];
  readonly firewall: readonly string[];
  readonly cgroups: readonly string[];
  /** By name: the number says little. */
  readonly processes: readonly string[];
  /** Files below the run root: namespaces, bundles, states of the runtime. */
  readonly running: readonly string[];
  /** What lies in the folders of the data root that hold a folder for each thing. */
  readonly data: readonly string[];
}

export async function houseState(engine: TestEngine): Promise<HouseState> {
  const root = join('/proc', String(engine.house.pid), 'root');
  const { dataRoot } = engine;
  const mounts = await readFile(`/proc/${engine.house.pid}/mountinfo`, 'utf8');
  return {
    mounts: sorted(
      mounts
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[4] ?? ''),
    ),
    loops: (await machineState()).loops.filter((one) => one.includes(engine.folder)),
    interfaces: await names(join(root, 'sys/class/net')),
    firewall: await firewall(engine),
    cgroups: await tree(join(root, 'sys/fs/cgroup'), { only: 'folders' }),
    processes: await processes(join(root, 'proc')),
    running: await tree(join(root, engine.runRoot), { only: 'all' }),
    data: sorted([
      ...(await names(join(dataRoot, 'containers'))).map((name) => `containers/${name}`),
      ...(await names(join(dataRoot, 'volumes'))).map((name) => `volumes/${name}`),
      ...(await names(join(dataRoot, 'tmp'))).map((name) => `tmp/${name}`),
      ...(await layerFolders(dataRoot)),
      ...(await names(join(dataRoot, 'storage/tar-split'))).map((name) => `tar-split/${name}`),
    ]),
  };
}

/** How many of each, for a line in the report. */
export function counted(state: HouseState): string {
  return Object.entries(state)
    .map(([kind, all]: [string, readonly string[]]) => `${all.length} ${kind}`)
    .join(', ');
}

/** Which driver it is does not matter: every folder beside the known ones holds layers. */
async function layerFolders(dataRoot: string): Promise<readonly string[]> {
  const folder = join(dataRoot, 'storage/overlay2');
  return (await names(folder)).map((name) => `layers/${name}`);
}

async function firewall(engine: TestEngine): Promise<readonly string[]> {
  const { code, stdout, stderr } = await engine.inside('nft', ['list', 'ruleset']);
  if (code !== 0) throw new Error(`Cannot list the rules: ${stderr}`);
  return stdout
    .replace(/ packets \d+ bytes \d+/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

async function processes(proc: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await names(proc)).filter((name) => /^\d+$/.test(name))) {
    const stat = await ifThere(() => readFile(join(proc, pid, 'stat'), 'utf8'));
    const match = stat === undefined ? null : /^\d+ \((.*)\) (\S)/s.exec(stat);
    if (match !== null && match[2] !== 'Z') found.push(match[1] ?? '');
  }
  return sorted(found);
}

async function tree(
  folder: string,
  options: { readonly only: 'folders' | 'all' },
  below = '',
): Promise<readonly string[]> {
  const entries = (await ifThere(() => readdir(join(folder, below), { withFileTypes: true }))) ?? [];
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) found.push(path, ...(await tree(folder, options, path)));
    else if (options.only === 'all') found.push(path);
  }
  return sorted(found);
}

async function names(folder: string): Promise<readonly string[]> {
  return sorted((await ifThere(() => readdir(folder))) ?? []);
}

function sorted(all: readonly string[]): readonly string[] {
  return [...all].sort();
}

async function ifThere<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ESRCH', 'ENOTDIR'].includes(error.code)) return undefined;
    throw error;
  }
}
