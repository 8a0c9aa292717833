/**
 * What a container is made of and what became of it. Both are JSON in its row; both are in memory for every container, so
 * that no answer reads the database.
 */
import type { ChainID, ImageID } from '@berth/oci';
import type { ApiContainerConfig, ApiContainerStatus, ApiHostConfig } from '../api/types.ts';

/** Decided when it is made; only `update` changes it (restart policy, resources). */
export interface ContainerSettings {
  readonly imageId: ImageID;
  /** What its layer lies on; absent: an image without layers. */
  readonly chainID?: ChainID;
  /** Image and caller merged. */
  readonly config: ApiContainerConfig;
  /** With Docker's defaults filled in. */
  readonly hostConfig: ApiHostConfig;
  readonly mounts: readonly MountPlan[];
  readonly macAddress?: string;
}

export type MountPlan = BindPlan | VolumePlan | TmpfsPlan;

export interface BindPlan {
  readonly type: 'bind';
  readonly source: string;
  readonly destination: string;
  /** As given with `-v`: `ro`, `z` …; empty for `--mount`. */
  readonly mode: string;
  readonly isReadonly: boolean;
  readonly propagation: string;
  readonly isRecursive: boolean;
  /** A missing source is made as a folder (`-v`), or is an error (`--mount`). */
  readonly makesSource: boolean;
}

export interface VolumePlan {
  readonly type: 'volume';
  readonly name: string;
  /** Folder of its data. */
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly isReadonly: boolean;
  readonly isAnonymous: boolean;
}

export interface TmpfsPlan {
  readonly type: 'tmpfs';
  readonly destination: string;
  /** Of mount(8), with Docker's `noexec nosuid nodev` first. */
  readonly options: readonly string[];
}

export interface ContainerState {
  readonly status: ApiContainerStatus;
  /** 0 while it does not run. */
  readonly pid: number;
  readonly exitCode: number;
  readonly error: string;
  readonly isOomKilled: boolean;
  /** RFC 3339; `undefined`: never. */
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly restartCount: number;
  /** Stopped or killed by somebody: `unless-stopped` remembers. */
  readonly isManuallyStopped: boolean;
}

export const FIRST_STATE: ContainerState = {
  status: 'created',
  pid: 0,
  exitCode: 0,
  error: '',
  isOomKilled: false,
  restartCount: 0,
  isManuallyStopped: false,
};

/** A container between two runs of a restart policy counts as running, as with Docker. */
export function isActive(state: ContainerState): boolean {
  return state.status === 'running' || state.status === 'paused' || state.status === 'restarting';
}
