import type { DriverProbe } from '../interface.ts';
import { probeOverlayfs } from '../probe-overlayfs.ts';

/** With two lower folders: kernels before 4.0 take one. */
export function probeOverlay2(home: string): Promise<DriverProbe> {
  return probeOverlayfs(home, { driver: 'overlay2', lowers: 2 });
}
