import { statfs } from 'node:fs/promises';
import type { Engine, EngineServer } from '@berth/engine';
import type { PlainError } from '@berth/errors';
import { VERSION } from '../version.ts';

/** An engine that is ready, as data: printed for people, or as JSON. */
export interface EngineReport {
  readonly version: string;
  readonly pid: number;
  /** As `DOCKER_HOST` wants it. */
  readonly address: string;
  readonly dataFolder: string;
  readonly freeBytes: number;
  readonly driver: string;
  /** `set`, `found` or `best`: why it is this driver. */
  readonly driverReason: string;
  readonly runtime: string;
  readonly containersRunning: number;
}

/** What an engine process tells its supervisor, or its terminal. */
export type EngineMessage =
  | { readonly type: 'ready'; readonly report: EngineReport }
  | { readonly type: 'failed'; readonly error: PlainError };

export async function reportOf(
  engine: Engine,
  { address, dataFolder }: Pick<EngineServer, 'address'> & { readonly dataFolder: string },
): Promise<EngineReport> {
  const [{ bavail, bsize }, info] = await Promise.all([statfs(dataFolder), engine.system.info()]);
  const { storageDriver, storageDriverReason, runtime } = engine.about;
  return {
    version: VERSION,
    pid: process.pid,
    address,
    dataFolder,
    freeBytes: bavail * bsize,
    driver: storageDriver,
    driverReason: storageDriverReason,
    runtime,
    containersRunning: Number(info.ContainersRunning ?? 0),
  };
}
