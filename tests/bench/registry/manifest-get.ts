import type { Lab } from '../../lab/peers.ts';
import type { BenchResult } from '../bench.ts';
import { measurePairs } from '../pairs.ts';
import type { Contender, Contenders, RegistrySize } from './contender.ts';
import { pushImage } from './registry-client.ts';

/** Manifest GET by tag over kept connections, answers per second, by wrk; once signed in, once as nobody. */
export async function benchManifestGet(
  lab: Lab,
  contenders: Contenders,
  size: RegistrySize,
): Promise<readonly BenchResult[]> {
  const { ours, peer, anonymous } = contenders;
  for (const each of [ours, peer]) {
    const path = await pushImage(each, 'latest');
    // Both are warm when it counts.
    await requestsPerSecond(lab, each, { path, seconds: 1, connections: size.connections });
  }
  const results: BenchResult[] = [];
  for (const [as, headers] of [
    ['signed in', ours.headers],
    ['anonymous', anonymous],
  ] as const) {
    const pairs = await measurePairs(
      { ...contenders, ours: { ...ours, headers } },
      {
        rounds: size.rounds,
        measure: (contender) =>
          requestsPerSecond(lab, contender, {
            path: `/v2/${contender.repository}/manifests/latest`,
            seconds: size.manifestSeconds,
            connections: size.connections,
          }),
      },
    );
    const name = `manifest GET by tag, ${size.connections} connections, ${as}`;
    results.push({ name, unit: '/s', goal: { atLeastTimes: 20 }, ...pairs });
  }
  return results;
}

async function requestsPerSecond(
  lab: Lab,
  to: Contender,
  options: { readonly path: string; readonly seconds: number; readonly connections: number },
): Promise<number> {
  const { path, seconds, connections } = options;
  const fields = { accept: 'application/vnd.oci.image.manifest.v1+json', ...to.headers };
  const headers = Object.entries(fields).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const load = ['-t1', `-c${connections}`, `-d${seconds}s`];
  const output = await lab.must('wrk', [...load, ...headers, `http://${to.host}${path}`]);
  const rate = /^Requests\/sec:\s+([\d.]+)$/m.exec(output)?.[1];
  if (rate === undefined || /Non-2xx|Socket errors/.test(output))
    throw new Error(`Cannot measure "${path}": ${output}`);
  return Number(rate);
}
