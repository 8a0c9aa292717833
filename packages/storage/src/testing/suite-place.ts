import { tmpdir } from 'node:os';
import { mountFileSystem } from '@berth/linux';

export interface SmallFileSystem {
  readonly bytes: number;
  /** Where there is such a limit. */
  readonly inodes?: number;
}

/** Where the cases of a suite make their folders, for drivers that do not work on any file system. */
export interface SuitePlace {
  readonly path: string;
  /** Mounts a file system with no more room than this, on which the driver works, on a folder of a case. */
  mountSmall(target: string, size: SmallFileSystem): Promise<void>;
  /** Leaves no room at all on such a file system. */
  fill(target: string): Promise<void>;
  /** Leaves some room, where what was removed gives it back by and by. */
  makeRoom(target: string): Promise<void>;
  /**
   * Takes out of the kernel what it still has of a folder besides mounts, whoever has left it.
   * @returns names of what was there
   */
  letGo?(folder: string): Promise<readonly string[]>;
}

export const ANY_PLACE: SuitePlace = {
  path: tmpdir(),
  async mountSmall(target, { bytes, inodes }) {
    const limit = inodes === undefined ? '' : `,nr_inodes=${inodes}`;
    mountFileSystem(target, { type: 'tmpfs', data: `size=${bytes}${limit}` });
  },
  // Of inodes there are few: those are used up before the bytes.
  async fill() {},
  async makeRoom() {},
};
