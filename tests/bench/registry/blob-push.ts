import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { mustRun } from '../../lab/command.ts';
import type { BenchResult } from '../bench.ts';
import { measurePairs } from '../pairs.ts';
import type { Contender, Contenders, RegistrySize } from './contender.ts';
import { pushBlob, sha256 } from './registry-client.ts';

/**
 * One blob of random bytes, from the first request to the last answer; both answer when the bytes are on the disk.
 * Once as docker, podman and skopeo push, once as containerd does.
 */
export async function benchBlobPush(
  contenders: Contenders,
  size: RegistrySize,
): Promise<readonly BenchResult[]> {
  const bytes = randomBytes(size.blobBytes);
  const results: BenchResult[] = [];
  for (const by of ['patch', 'put'] as const) {
    const measure = async (to: Contender): Promise<number> => {
      // Bytes that nobody has yet.
      randomBytes(32).copy(bytes);
      const digest = sha256(bytes);
      await mustRun(['sync']);
      await sleep(size.restSeconds * 1000);
      const startedAt = performance.now();
      await pushBlob(to, bytes, { digest, by });
      return megabytesPerSecond(bytes.length, startedAt);
    };
    for (const each of [contenders.ours, contenders.peer]) await measure(each);
    const pairs = await measurePairs(contenders, { rounds: size.rounds, measure });
    const name = `push of one blob, ${shownSize(size)}, by ${by === 'patch' ? 'PATCH and PUT' : 'one PUT'}`;
    results.push({ name, unit: 'MB/s', goal: { atLeastTimes: 3 }, ...pairs });
  }
  return results;
}

export function megabytesPerSecond(bytes: number, startedAt: number): number {
  return bytes / 1000 / (performance.now() - startedAt);
}

export function shownSize({ blobBytes }: RegistrySize): string {
  return `${Math.round(blobBytes / 1024 / 1024)} MiB`;
}
