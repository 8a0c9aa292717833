import type { ApiHostConfig } from '../../api/types.ts';
import { refused } from './refuse.ts';

export type RestartPolicyName = 'no' | 'always' | 'on-failure' | 'unless-stopped';

export interface RestartPolicy {
  readonly Name: RestartPolicyName;
  readonly MaximumRetryCount: number;
}

const NAMES: readonly string[] = ['no', 'always', 'on-failure', 'unless-stopped'];

/** @throws {EngineError} `CONFIG_REFUSED` */
export function parseRestartPolicy(
  policy: ApiHostConfig['RestartPolicy'],
  options: { readonly autoRemove: boolean },
): RestartPolicy {
  const name = policy?.Name || 'no';
  const count = policy?.MaximumRetryCount ?? 0;
  if (!NAMES.includes(name)) {
    throw refused(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (!Number.isInteger(count)) throw refused('invalid restart policy: maximum retry count must be a number');
  if (count < 0) throw refused('invalid restart policy: maximum retry count cannot be negative');
  if (count > 0 && name !== 'on-failure') {
    throw refused("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  }
  if (options.autoRemove && name !== 'no')
    throw refused("can't create 'AutoRemove' container with restart policy");
  return { Name: name as RestartPolicyName, MaximumRetryCount: count };
}
