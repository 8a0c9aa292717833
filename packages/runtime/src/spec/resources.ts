import type { SpecResources } from '../interface.ts';
import type { HostFacts } from './host-facts.ts';

/**
 * `linux.resources` without devices. The runtime turns these into files of cgroup v1 or v2; what v2 has no file for (no killing
 * on lack of memory) is left out there, because the runtime would refuse it.
 */
export function buildResources(asked: SpecResources, host: Pick<HostFacts, 'cgroups'>): object {
  const memory = present({
    limit: asked.memoryBytes,
    swap: asked.memorySwapBytes,
    reservation: asked.memoryReservationBytes,
    disableOOMKiller: asked.isOomKillDisabled === true && host.cgroups !== 'unified' ? true : undefined,
  });
  const cpu = present({
    shares: asked.cpuShares,
    quota: asked.cpuQuota,
    period: asked.cpuPeriod,
    cpus: asked.cpusetCpus,
    mems: asked.cpusetMems,
  });
  const pids =
    asked.pidsLimit === undefined || asked.pidsLimit === 0 ? undefined : { limit: asked.pidsLimit };
  return { ...present({ memory, cpu, pids }) };
}

/** Without what is undefined or says nothing; `undefined` when that is all. */
function present(values: Readonly<Record<string, unknown>>): object | undefined {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
