import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isFolder } from './home.ts';
import type { DriverEntry, DriverProbe, DriverSupport } from './interface.ts';
import { DRIVERS } from './registry.ts';

/** What is to be known of one driver in one place. */
export interface DriverFinding {
  readonly name: string;
  readonly summary: string;
  readonly support: DriverSupport;
  /** Layers of it are there. */
  readonly holdsLayers: boolean;
  readonly probe: DriverProbe;
}

/**
 * Tries every driver where a layer store is or would be; leaves nothing there. A driver's own folder may be a file system of its
 * own, so it is tried in that where it is there.
 *
 * @param root of the layer store; may be missing
 * @returns in the order in which they would be chosen
 */
export async function surveyDrivers(
  root: string,
  { drivers = DRIVERS }: { readonly drivers?: readonly DriverEntry[] } = {},
): Promise<readonly DriverFinding[]> {
  const findings: DriverFinding[] = [];
  for (const entry of drivers.toSorted((a, b) => a.preference - b.preference)) {
    const home = join(root, entry.name);
    const { name, summary, support } = entry;
    const holdsLayers = await entry.holdsLayers(home);
    const probe = (await isFolder(home)) ? await entry.probe(home) : await probeBeside(home, entry);
    findings.push({ name, summary, support, holdsLayers, probe });
  }
  return findings;
}

async function probeBeside(home: string, entry: DriverEntry): Promise<DriverProbe> {
  let above = dirname(home);
  while (!(await isFolder(above))) above = dirname(above);
  const place = await mkdtemp(join(above, '.berth-probe-'));
  try {
    return await entry.probe(place);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
