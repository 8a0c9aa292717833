import type { HubCheckReport } from '@berth/hub';
import type { EngineCheck } from '../engine/check-data.ts';
import { openProblems, problemLines, verdict } from '../engine/problem-text.ts';
import { formatBytes } from '../output/columns.ts';

type Finding = HubCheckReport['findings'][number];

/** What was wrong and no longer is. */
export function isRepaired(finding: Finding): boolean {
  return 'removed' in finding && finding.removed;
}

export function isClean(hub: HubCheckReport | undefined, engine: EngineCheck | undefined): boolean {
  return openFindings(hub, engine) === 0;
}

function openFindings(hub: HubCheckReport | undefined, engine: EngineCheck | undefined): number {
  const ofHub = hub?.findings.filter((finding) => !isRepaired(finding)).length ?? 0;
  return ofHub + (engine === undefined ? 0 : openProblems(engine));
}

export function checkText(hub: HubCheckReport | undefined, engine: EngineCheck | undefined): string {
  return [
    ...(hub === undefined ? [] : hubLines(hub)),
    ...(engine === undefined ? [] : problemLines(engine)),
    verdict(openFindings(hub, engine)),
  ].join('\n');
}

function hubLines({ dataFolder, counts, findings }: HubCheckReport): string[] {
  const { repositories, tags, manifests, blobs, bytes, bytesRead } = counts;
  const read = bytesRead === 0 ? '' : `, ${formatBytes(bytesRead)} read and hashed`;
  return [
    dataFolder,
    `${counted([
      [repositories, 'repository', 'repositories'],
      [tags, 'tag', 'tags'],
      [manifests, 'manifest', 'manifests'],
      [blobs, 'blob', 'blobs'],
    ])} of ${formatBytes(bytes)}${read}`,
    ...findings.map(findingLine),
  ];
}

function counted(things: readonly (readonly [count: number, one: string, many: string])[]): string {
  return things.map(([count, one, many]) => `${count} ${count === 1 ? one : many}`).join(', ');
}

/** `blob.size  digest=sha256:… expected=10 actual=9` */
function findingLine({ kind, ...values }: Finding): string {
  const details = Object.entries(values).map(([name, value]) => `${name}=${String(value)}`);
  return `${kind}  ${details.join(' ')}`;
}
