import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeTarEntry, type TarEntry, type TarInput, writeTar } from '@berth/oci';
import type { WhiteoutNotation } from '../../drivers/interface.ts';
import type { TreeFolder, TreeWorkers, Unpacked, UnpackOptions } from '../interface.ts';
import { type OpenTreeWorkersOptions, openTreeWorkers } from '../workers.ts';

/** Folders and workers of one test; all is gone when it ends, however it ends. */
export interface TreeLab {
  readonly root: string;
  readonly workers: TreeWorkers;
  /** A new folder of changes. */
  changes(notation?: WhiteoutNotation): Promise<Extract<TreeFolder, { readonly form: 'changes' }>>;
  tree(): Promise<TreeFolder>;
  /** Unpacks entries, or the bytes of a tar. */
  unpack(folder: TreeFolder, layer: Layer, options?: Partial<UnpackOptions>): Promise<Unpacked>;
  /** Unpacks into a new folder of changes and settles it on its parents, nearest first. */
  layer(layer: Layer, parents?: readonly TreeFolder[]): Promise<TreeFolder>;
  splitPath(folder: TreeFolder): string;
  /** Called before the folders go, last first. */
  defer(undo: () => void): void;
}

export type Layer = readonly TarInput[] | Uint8Array;

/** @returns `undefined` without root, after the test was skipped with the reason */
export async function openTreeLab(
  t: TestContext,
  options: OpenTreeWorkersOptions = {},
): Promise<TreeLab | undefined> {
  if (process.getuid?.() !== 0) {
    t.skip('needs root: it gives files away, makes devices and jails threads');
    return undefined;
  }
  const stack = new AsyncDisposableStack();
  t.after(() => stack.disposeAsync());
  const root = await mkdtemp(join(tmpdir(), 'berth-tree-'));
  // Not by Node: the paths of some tests are longer than a path can be.
  stack.defer(() => void execFileSync('rm', ['-rf', '--one-file-system', root]));
  return new Lab(root, stack.use(openTreeWorkers(options)), stack);
}

class Lab implements TreeLab {
  readonly root: string;
  readonly workers: TreeWorkers;
  readonly #stack: AsyncDisposableStack;
  #folders = 0;

  constructor(root: string, workers: TreeWorkers, stack: AsyncDisposableStack) {
    this.root = root;
    this.workers = workers;
    this.#stack = stack;
  }

  defer(undo: () => void): void {
    this.#stack.defer(undo);
  }

  async changes(
    whiteouts: WhiteoutNotation = 'overlay',
  ): Promise<Extract<TreeFolder, { readonly form: 'changes' }>> {
    return { form: 'changes', whiteouts, path: await this.#folder() };
  }

  async tree(): Promise<TreeFolder> {
    return { form: 'tree', path: await this.#folder() };
  }

  unpack(folder: TreeFolder, layer: Layer, options: Partial<UnpackOptions> = {}): Promise<Unpacked> {
    const source = layer instanceof Uint8Array ? inChunks(layer) : writeTar(layer);
    return this.workers.unpack(folder, source, { tarSplitPath: this.splitPath(folder), ...options });
  }

  async layer(layer: Layer, parents: readonly TreeFolder[] = []): Promise<TreeFolder> {
    const folder = await this.changes();
    const { settle } = await this.unpack(folder, layer);
    await this.workers.settle(folder, settle, parents, { tarSplitPath: this.splitPath(folder) });
    return folder;
  }

  splitPath(folder: TreeFolder): string {
    return `${folder.path}.split`;
  }

  async #folder(): Promise<string> {
    this.#folders += 1;
    const path = join(this.root, `folder-${this.#folders}`);
    await mkdir(path, { mode: 0o755 });
    return path;
  }
}

async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(chunks));
}

export async function tarOf(layer: readonly TarInput[]): Promise<Buffer> {
  return await collect(writeTar(layer));
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function dir(path: string, more: Partial<TarEntry> = {}): TarInput {
  return { entry: makeTarEntry({ type: 'directory', path, ...more }) };
}

export function file(path: string, text: string | Uint8Array = '', more: Partial<TarEntry> = {}): TarInput {
  const bytes = Buffer.from(text as string);
  return { entry: makeTarEntry({ type: 'file', path, size: bytes.length, ...more }), content: [bytes] };
}

export function symlink(path: string, linkPath: string, more: Partial<TarEntry> = {}): TarInput {
  return { entry: makeTarEntry({ type: 'symlink', path, linkPath, ...more }) };
}

export function hardLink(path: string, linkPath: string, more: Partial<TarEntry> = {}): TarInput {
  return { entry: makeTarEntry({ type: 'hardlink', path, linkPath, ...more }) };
}

export function device(path: string, major: number, minor: number, more: Partial<TarEntry> = {}): TarInput {
  return { entry: makeTarEntry({ type: 'char', path, devMajor: major, devMinor: minor, ...more }) };
}

export async function textOf(folder: TreeFolder, path: string): Promise<string> {
  return await readFile(join(folder.path, path), 'utf8');
}
