/**
 * Does each of these; one that fails keeps none of the others from being done.
 *
 * @returns bytes freed, by all of them
 * @throws the first failure, after the last was tried
 */
export async function sweepEach(sweeps: Iterable<() => Promise<number>>): Promise<number> {
  let bytes = 0;
  const faults: unknown[] = [];
  for (const sweep of sweeps) {
    try {
      bytes += await sweep();
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0) throw faults[0];
  return bytes;
}
