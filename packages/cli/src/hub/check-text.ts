import type { HubCheckReport } from '@berth/hub';
import type { EngineCheck } from '../engine/check-data.ts';
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
  return ofHub + (engine?.problems.filter((problem) => !problem.isRepaired).length ?? 0);
}

export function checkText(hub: HubCheckReport | undefined, engine: EngineCheck | undefined): string {
  const open = openFindings(hub, engine);
  return [
    ...(hub === undefined ? [] : hubLines(hub)),
    ...(engine === undefined ? [] : [engine.dataFolder, ...engine.problems.map(problemLine)]),
    open === 0 ? 'Nothing is wrong' : `${open} ${open === 1 ? 'thing is' : 'things are'} wrong`,
  ].join('\n');
}

function problemLine({
  problem,
  subject,
  detail,
  isRepaired: repaired,
}: EngineCheck['problems'][number]): string {
  return `${problem}  ${subject}: ${detail}${repaired ? ' (mended)' : ''}`;
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
