import type { DriverEntry } from '../drivers/interface.ts';
import { Scratch, whyNotHere } from './scratch.ts';

/** Why a driver cannot be tested in any folder of this machine, in the words of its probe; `false` when it can. */
export async function whyItDoesNotWork(entry: DriverEntry): Promise<string | false> {
  const why = whyNotHere();
  if (why !== false) return why;
  await using scratch = await Scratch.make();
  const probe = await entry.probe(scratch.path);
  return probe.works ? false : `${entry.name}: ${probe.cause} (${probe.evidence})`;
}
