import { createHash } from 'node:crypto';
import { makeTarEntry, pathToBytes, type TarInput, whiteoutPath } from '@berth/oci';
import type { Change } from '../../layers/interface.ts';
import type { Listing } from './list-tree.ts';

export type ModelType = 'file' | 'directory' | 'symlink' | 'char' | 'fifo';

/** What several names can share. */
export interface Inode {
  readonly type: ModelType;
  readonly mode: number;
  readonly uid: number;
  readonly mtime: bigint;
  /** Content, or target of a symlink. */
  readonly text: string;
  readonly xattr: string | undefined;
}

/** A tree in memory: what storage must give, said without a file system. Paths sort as strings of ASCII do. */
export class ModelTree {
  readonly #nodes: Map<string, Inode>;
  #clock: bigint;

  constructor(nodes: ReadonlyMap<string, Inode> = new Map(), clock = 1_700_000_000_000_000_000n) {
    this.#nodes = new Map(nodes);
    this.#clock = clock;
  }

  copy(): ModelTree {
    return new ModelTree(this.#nodes, this.#clock);
  }

  get paths(): string[] {
    return [...this.#nodes.keys()].sort();
  }

  get(path: string): Inode | undefined {
    return this.#nodes.get(path);
  }

  isDirectory(path: string): boolean {
    return path === '' || this.#nodes.get(path)?.type === 'directory';
  }

  /** Makes or replaces; a directory over a directory keeps what is in it. Does nothing where there is no parent. */
  put(path: string, fields: Omit<Inode, 'mtime'>): void {
    if (!this.isDirectory(parentOf(path))) return;
    const isMerge = this.isDirectory(path) && fields.type === 'directory';
    if (!isMerge) this.remove(path);
    this.#nodes.set(path, { ...fields, mtime: this.#tick() });
    if (!isMerge) this.#touch(parentOf(path));
  }

  /** Changes a file in place: its directory does not notice. */
  edit(path: string, fields: Partial<Pick<Inode, 'mode' | 'uid' | 'text' | 'xattr'>>): void {
    const node = this.#nodes.get(path);
    if (node === undefined) return;
    this.#replaceInode(node, {
      ...node,
      ...(node.type === 'file' ? fields : { uid: fields.uid ?? node.uid }),
      mtime: this.#tick(),
    });
  }

  /** Takes set-user-ID and set-group-ID from directories: for a driver that cannot keep them. */
  dropDirectoryBits(): void {
    for (const [path, node] of this.#nodes)
      if (node.type === 'directory') this.#nodes.set(path, { ...node, mode: node.mode & 0o1777 });
  }

  remove(path: string): void {
    if (!this.#nodes.has(path)) return;
    for (const at of this.paths) if (at === path || at.startsWith(`${path}/`)) this.#nodes.delete(at);
    this.#touch(parentOf(path));
  }

  /** The file changes with it, as a layer can only tell of a new name of a file that it tells of. */
  link(from: string, to: string): void {
    const node = this.#nodes.get(from);
    if (node === undefined || node.type === 'directory' || !this.isDirectory(parentOf(to))) return;
    if (from === to || from.startsWith(`${to}/`)) return;
    this.remove(to);
    const linked = { ...node, mtime: this.#tick() };
    this.#replaceInode(node, linked);
    this.#nodes.set(to, linked);
    this.#touch(parentOf(to));
  }

  listing(): Listing {
    const listing: Record<string, string> = {};
    const first = new Map<Inode, string>();
    for (const path of this.paths.sort(bySegments)) {
      const node = this.#nodes.get(path) as Inode;
      const known = node.type === 'directory' ? undefined : first.get(node);
      first.set(node, known ?? path);
      listing[path] = known === undefined ? describeInode(node) : `link to ${known}`;
    }
    return listing;
  }

  #touch(directory: string): void {
    const node = this.#nodes.get(directory);
    if (node !== undefined) this.#nodes.set(directory, { ...node, mtime: this.#tick() });
  }

  #replaceInode(old: Inode, inode: Inode): void {
    for (const [path, node] of this.#nodes) if (node === old) this.#nodes.set(path, inode);
  }

  #tick(): bigint {
    this.#clock += 1_000_000_001n;
    return this.#clock;
  }
}

function describeInode(node: Inode): string {
  const { type, mode, uid, mtime, text, xattr } = node;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  const parts = [type, type === 'symlink' ? '' : mode.toString(8), `${uid}:0`, `@${mtime}`];
  if (type === 'file') parts.push(`${text.length}`, hash);
  if (type === 'symlink') parts.push(`-> ${text}`);
  if (type === 'char') parts.push('1:3');
  if (xattr !== undefined && (type === 'file' || type === 'directory')) {
    parts.push(`user.k=${Buffer.from(xattr).toString('hex')}`);
  }
  return parts.filter((part) => part !== '').join(' ');
}

export interface LayerStyle {
  /** Directories said to be opaque, with all that is in them after the marker. */
  readonly opaque: (directory: string) => boolean;
  /** Leaves directories out that are as they were. */
  readonly omitsParents: boolean;
}

export const CANONICAL: LayerStyle = { opaque: () => false, omitsParents: false };

interface Step {
  readonly path: string;
  readonly kind: Change['kind'] | 'parent' | 'opaque';
}

/** What makes `after` of `before`, in canonical order. */
function* steps(before: ModelTree, after: ModelTree, style: LayerStyle): Generator<Step> {
  yield* walk('', before);

  function* walk(directory: string, old: ModelTree): Generator<Step> {
    const inside = (tree: ModelTree) =>
      tree.paths.filter((path) => path !== '' && parentOf(path) === directory);
    const isMerged = old.isDirectory(directory);
    const now = inside(after);
    const gone = isMerged ? inside(old).filter((path) => !now.includes(path)) : [];
    const items = [
      ...now.map((path) => ({ path, key: nameOf(path), isGone: false })),
      ...gone.map((path) => ({ path, key: `.wh.${nameOf(path)}`, isGone: true })),
    ].sort((a, b) => Buffer.compare(pathToBytes(a.key), pathToBytes(b.key)));
    for (const { path, isGone } of items) {
      if (isGone) {
        yield { path, kind: 'deleted' };
        continue;
      }
      const node = after.get(path) as Inode;
      const was = isMerged ? old.get(path) : undefined;
      const isSame = was !== undefined && isEqual(was, node);
      const kind = was === undefined ? 'added' : 'modified';
      if (node.type !== 'directory') {
        if (!isSame) yield { path, kind };
        continue;
      }
      const isOpaque = was?.type === 'directory' && style.opaque(path);
      const below = isOpaque || was?.type !== 'directory' ? new ModelTree() : old;
      const rest = [...walk(path, below)];
      if (!isSame) yield { path, kind };
      else if (rest.length > 0 || isOpaque) yield { path, kind: 'parent' };
      if (isOpaque) yield { path, kind: 'opaque' };
      yield* rest;
    }
  }
}

export function modelLayer(before: ModelTree, after: ModelTree, style: LayerStyle = CANONICAL): TarInput[] {
  const inputs: TarInput[] = [];
  const links = new Map<Inode, string>();
  for (const { path, kind } of steps(before, after, style)) {
    if (kind === 'deleted') inputs.push({ entry: makeTarEntry({ type: 'file', path: whiteoutPath(path) }) });
    else if (kind === 'opaque') {
      inputs.push({ entry: makeTarEntry({ type: 'file', path: `${path}/.wh..wh..opq` }) });
    } else if (kind !== 'parent' || !style.omitsParents) {
      inputs.push(input(path, after.get(path) as Inode, links));
    }
  }
  return inputs;
}

/** As `docker diff` says it. */
export function modelChanges(before: ModelTree, after: ModelTree): Change[] {
  const all = [...steps(before, after, CANONICAL)];
  const isTimesOnly = ({ path, kind }: Step) => {
    const [was, now] = [before.get(path), after.get(path)];
    if (kind === 'parent') return true;
    if (kind !== 'modified' || was?.type !== 'directory' || now?.type !== 'directory') return false;
    return isEqual({ ...was, mtime: 0n }, { ...now, mtime: 0n });
  };
  const real = all.filter((step) => !isTimesOnly(step));
  return all
    .filter((step) => !isTimesOnly(step) || real.some(({ path }) => path.startsWith(`${step.path}/`)))
    .map(({ path, kind }) => ({
      path: `/${path}`,
      kind: kind === 'parent' ? ('modified' as const) : (kind as Change['kind']),
    }))
    .sort((a, b) => Buffer.compare(pathToBytes(a.path), pathToBytes(b.path)));
}

function input(path: string, node: Inode, links: Map<Inode, string>): TarInput {
  const { type, mode, uid, mtime, text, xattr } = node;
  const first = type === 'directory' ? undefined : links.get(node);
  const common = { path, mode, uid, mtime };
  if (first !== undefined)
    return {
      entry: makeTarEntry({
        ...common,
        type: 'hardlink',
        linkPath: first,
        mode: type === 'symlink' ? 0o777 : mode,
      }),
    };
  links.set(node, path);
  const xattrs = new Map(xattr === undefined ? [] : [['user.k', Buffer.from(xattr)]]);
  switch (type) {
    case 'file':
      return {
        entry: makeTarEntry({ ...common, type, size: text.length, xattrs }),
        content: [Buffer.from(text)],
      };
    case 'directory':
      return { entry: makeTarEntry({ ...common, type, xattrs }) };
    case 'symlink':
      return { entry: makeTarEntry({ ...common, type, linkPath: text, mode: 0o777 }) };
    case 'char':
      return { entry: makeTarEntry({ ...common, type, devMajor: 1, devMinor: 3 }) };
    default:
      return { entry: makeTarEntry({ ...common, type }) };
  }
}

function isEqual(a: Inode, b: Inode): boolean {
  return describeInode(a) === describeInode(b);
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The order of a walk that sorts each directory. */
export function bySegments(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [one, other] = [left[at] as string, right[at] as string];
    if (one !== other) return one < other ? -1 : 1;
  }
  return left.length - right.length;
}
