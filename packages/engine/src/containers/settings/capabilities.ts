import { ALL_CAPABILITIES, DEFAULT_CAPABILITIES } from '@berth/runtime';
import { refused } from './refuse.ts';

const KNOWN: readonly string[] = ALL_CAPABILITIES;

/** `net_admin`, `CAP_NET_ADMIN` and `ALL`. @throws {EngineError} `CONFIG_REFUSED` */
export function parseCapabilities(
  list: readonly string[] | null | undefined,
  field: string,
): readonly string[] {
  return (list ?? []).map((text) => {
    const upper = text.toUpperCase();
    if (upper === 'ALL' || upper === 'CAP_ALL') return 'ALL';
    const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
    if (!KNOWN.includes(name)) throw refused(`invalid ${field}: unknown capability: "${name}"`);
    return name;
  });
}

/** `available`: what this engine has itself; more cannot be given. */
export function effectiveCapabilities(options: {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly isPrivileged: boolean;
  readonly available: ReadonlySet<string>;
}): readonly string[] {
  const { add, drop, isPrivileged, available } = options;
  const all = KNOWN.filter((name) => available.has(name));
  if (isPrivileged) return all;
  if (add.includes('ALL')) return all.filter((name) => !drop.includes(name));
  const kept = drop.includes('ALL') ? [] : DEFAULT_CAPABILITIES.filter((name) => !drop.includes(name));
  return [...new Set([...kept, ...add])];
}
