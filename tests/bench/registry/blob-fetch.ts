import { randomBytes } from 'node:crypto';
import type { BenchResult } from '../bench.ts';
import { startMemoryWatch } from '../memory.ts';
import { measurePairs } from '../pairs.ts';
import { megabytesPerSecond, shownSize } from './blob-push.ts';
import type { Contender, Contenders, RegistrySize } from './contender.ts';
import { fetchBlob, pushBlob, sha256 } from './registry-client.ts';

/** One blob to a client that drops the bytes; then many such clients at once, and what they cost in memory. */
export async function benchBlobFetch(
  contenders: Contenders,
  size: RegistrySize,
): Promise<readonly BenchResult[]> {
  const bytes = randomBytes(size.blobBytes);
  const digest = sha256(bytes);
  const fetchWhole = async (from: Contender): Promise<number> => {
    const startedAt = performance.now();
    const got = await fetchBlob(from, digest);
    if (got !== size.blobBytes) throw new Error(`Cannot fetch: ${got} of ${size.blobBytes} bytes came`);
    return megabytesPerSecond(got, startedAt);
  };
  for (const each of [contenders.ours, contenders.peer]) {
    await pushBlob(each, bytes, { digest });
    await fetchWhole(each);
  }
  const single = await measurePairs(contenders, { rounds: size.rounds, measure: fetchWhole });
  const crowd = await measurePairs(contenders, {
    rounds: 1,
    measure: (from) => memoryOfCrowd(from, digest, size),
  });
  return [
    { name: `fetch of one blob, ${shownSize(size)}`, unit: 'MB/s', goal: { atLeastTimes: 1 }, ...single },
    { name: `memory for ${size.downloads} fetches at once`, unit: 'MB', goal: { atMost: 150 }, ...crowd },
  ];
}

/** Growth of the process at its largest, in MB of PSS. */
async function memoryOfCrowd(from: Contender, digest: string, size: RegistrySize): Promise<number> {
  await using watch = await startMemoryWatch(from.pid);
  const signal = AbortSignal.timeout(size.downloadSeconds * 1000);
  const clients = Array.from({ length: size.downloads }, () =>
    fetchBlob(from, digest, { signal, bufferBytes: 64 * 1024 }),
  );
  const got = await Promise.all(clients);
  if (got.some((bytes) => bytes === 0)) throw new Error('Cannot measure: some client got no byte');
  return (await watch.peak()) - watch.before;
}
