import { statfs } from 'node:fs/promises';
import type { PlainError } from '@berth/errors';
import type { HubProgress } from '@berth/hub';
import { type Hub, type TrustLine, trustLines } from '@berth/hub';
import { VERSION } from '../version.ts';

/** A Hub that is ready, as data: printed for people, or as JSON. */
export interface HubReport {
  readonly version: string;
  readonly pid: number;
  readonly url: string;
  readonly localUrl: string;
  readonly dataFolder: string;
  readonly freeBytes: number;
  /** Who the Hub is, when it was started as root. */
  readonly user: string | null;
  /** While there is no account. */
  readonly setupLink: string | null;
  /** Of `BERTH_TLS=auto`. */
  readonly authorityPath: string | null;
  readonly trust: readonly TrustLine[];
}

/** What a Hub process tells its supervisor, or its terminal. */
export type HubMessage =
  | HubProgress
  | { readonly type: 'ready'; readonly report: HubReport }
  | { readonly type: 'failed'; readonly error: PlainError };

export async function reportOf(hub: Hub): Promise<HubReport> {
  const { bavail, bsize } = await statfs(hub.dataFolder);
  return {
    version: VERSION,
    pid: process.pid,
    url: hub.url,
    localUrl: hub.localUrl,
    dataFolder: hub.dataFolder,
    freeBytes: bavail * bsize,
    user: hub.user ?? null,
    setupLink: (await hub.setupLink()) ?? null,
    authorityPath: hub.authorityPath ?? null,
    trust: hub.authorityPath === undefined ? [] : trustOf(hub, hub.authorityPath),
  };
}

/** A Hub that became another user was started by root. */
function trustOf({ url, user }: Hub, authorityPath: string): TrustLine[] {
  return trustLines({ authorityPath, url, isRoot: user !== undefined });
}
