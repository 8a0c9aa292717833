import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '@berth/errors';
import { isFolder } from './home.ts';
import type { DriverEntry, DriverProbe, DriverSupport } from './interface.ts';
import { isMarkAlive, processMark } from './process-mark.ts';
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
  const name = `.berth-probe-${entry.name}-`;
  const place = join(above, `${name}${processMark()}-${randomBytes(4).toString('hex')}`);
  // What one that was killed has left is taken over: its driver knows what else is left by the folder.
  const left = (await readdir(above)).find(
    (one) => one.startsWith(name) && isMarkAlive(one.slice(name.length)) === false,
  );
  if (left === undefined || !(await takeOver(join(above, left), place))) await mkdir(place, { mode: 0o700 });
  try {
    return await entry.probe(place);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** @returns `false` when somebody else was quicker */
async function takeOver(left: string, place: string): Promise<boolean> {
  try {
    await rename(left, place);
    return true;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}
