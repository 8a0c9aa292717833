import type { ContainerSpec } from '../interface.ts';

interface OciNamespace {
  readonly type: string;
  readonly path?: string;
}

/** Left out: the machine's is shared. With a path: that one is joined. */
export function buildNamespaces(spec: ContainerSpec): OciNamespace[] {
  const { network, pid, ipc, uts, cgroup } = spec.namespaces;
  return [
    { type: 'mount' },
    ...(network === 'host'
      ? []
      : [network === 'private' ? { type: 'network' } : { type: 'network', path: network }]),
    ...(uts === 'host' ? [] : [{ type: 'uts' }]),
    ...shared('pid', pid),
    ...shared('ipc', ipc),
    ...(cgroup === 'host' ? [] : [{ type: 'cgroup' }]),
  ];
}

function shared(type: string, value: string): OciNamespace[] {
  if (value === 'host') return [];
  return value === 'private' || value === 'shareable' ? [{ type }] : [{ type, path: value }];
}
