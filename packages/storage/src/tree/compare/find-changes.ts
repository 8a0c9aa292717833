import { pathToBytes } from '@berth/oci';
import type { Change } from '../../layers/interface.ts';
import type { TreeDifference } from '../interface.ts';
import { directoryOf } from '../names.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import { walkDifference } from './walk-difference.ts';

/** What `docker diff` lists: a directory also when only something in it changed, but not for its times alone. */
export function findChanges(difference: TreeDifference, cancel: CancelFlag): Change[] {
  const changes: (Change & { readonly isOnlyParent: boolean })[] = [];
  const parents = new Set<string>();
  for (const found of walkDifference(difference, cancel)) {
    const { kind, path } = found;
    if (path === '') continue;
    const isOnlyParent = kind !== 'deleted' && found.isOnlyParent;
    changes.push({ kind, path: `/${path}`, isOnlyParent });
    if (isOnlyParent) continue;
    for (let at = directoryOf(path); at !== '' && !parents.has(at); at = directoryOf(at)) parents.add(at);
  }
  return changes
    .filter(({ path, isOnlyParent }) => !isOnlyParent || parents.has(path.slice(1)))
    .map(({ kind, path }) => ({ change: { kind, path }, bytes: pathToBytes(path) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ change }) => change);
}
