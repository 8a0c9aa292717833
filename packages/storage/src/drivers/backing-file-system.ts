import { readMounts } from '@berth/linux';

/** The type of the file system that a folder lies on, in the words of `docker info`. */
export async function backingFileSystem(path: string): Promise<string> {
  let best: { readonly mountPoint: string; readonly fsType: string } | undefined;
  for (const mount of readMounts()) {
    const { mountPoint } = mount;
    const isAbove = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    // Of two at one point the later one is on top.
    if (isAbove && mountPoint.length >= (best?.mountPoint.length ?? 0)) best = mount;
  }
  const type = best?.fsType ?? '<unknown>';
  return type.startsWith('ext') ? 'extfs' : type;
}
