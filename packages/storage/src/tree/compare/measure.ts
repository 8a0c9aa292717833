import type { TreeFolder } from '../interface.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import { layerMarks } from './layer-marks.ts';
import { PinnedDirectory } from './pinned-directory.ts';

/** Bytes of regular files in a folder, each file once however many names it has. */
export function measure(folder: TreeFolder, cancel: CancelFlag): number {
  const marks = layerMarks(folder);
  const counted = new Set<string>();
  let bytes = 0;
  const visit = (path: string): void => {
    using directory = PinnedDirectory.open(path);
    if (directory === undefined) return;
    for (const node of marks.sort(directory.path, directory.names()).nodes.values()) {
      cancel.throwIfSet();
      if (node.type === 'directory') visit(node.at);
      else if (node.type === 'file') {
        const isFirst = node.stat.nlink === 1n || !counted.has(node.inode);
        if (isFirst) bytes += Number(node.stat.size);
        if (node.stat.nlink > 1n) counted.add(node.inode);
      }
    }
  };
  visit(folder.path);
  return bytes;
}
