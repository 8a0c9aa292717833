import type { RuntimeProgram } from '@berth/runtime';
import type { LayerStore } from '@berth/storage';
import type { Containers, Images, Volumes } from '../interface.ts';
import type { RegistrySettings } from './sign-in.ts';

/** What `openSystem` is joined with in `compose.ts`. */
export interface SystemDeps {
  readonly dataRoot: string;
  /** Of Berth. */
  readonly version: string;
  /** The runtime that containers get, and others that work here. */
  readonly runtime: RuntimeProgram;
  readonly layers: Pick<LayerStore, 'driverName' | 'status' | 'usage'>;
  readonly containers: Pick<Containers, 'list'>;
  readonly images: Pick<Images, 'list'>;
  readonly volumes: Pick<Volumes, 'list'>;
  readonly registries: RegistrySettings;
  /** Path of the program that `--init` puts in front, when there is one. */
  readonly initProgram?: string | undefined;
  /** How many follow the events now. */
  readonly eventListeners?: () => number;
}
