import type { HubCheckReport } from '@berth/hub';
import { formatBytes } from '../output/columns.ts';

type Finding = HubCheckReport['findings'][number];

/** What was wrong and no longer is. */
export function isRepaired(finding: Finding): boolean {
  return 'removed' in finding && finding.removed;
}

export function checkText({ dataFolder, counts, findings }: HubCheckReport): string {
  const { repositories, tags, manifests, blobs, bytes, bytesRead } = counts;
  const read = bytesRead === 0 ? '' : `, ${formatBytes(bytesRead)} read and hashed`;
  const lines = [
    dataFolder,
    `${counted([
      [repositories, 'repository', 'repositories'],
      [tags, 'tag', 'tags'],
      [manifests, 'manifest', 'manifests'],
      [blobs, 'blob', 'blobs'],
    ])} of ${formatBytes(bytes)}${read}`,
    ...findings.map(findingLine),
  ];
  const open = findings.filter((finding) => !isRepaired(finding)).length;
  return [
    ...lines,
    open === 0 ? 'Nothing is wrong' : `${open} ${open === 1 ? 'thing is' : 'things are'} wrong`,
  ].join('\n');
}

function counted(things: readonly (readonly [count: number, one: string, many: string])[]): string {
  return things.map(([count, one, many]) => `${count} ${count === 1 ? one : many}`).join(', ');
}

/** `blob.size  digest=sha256:… expected=10 actual=9` */
function findingLine({ kind, ...values }: Finding): string {
  const details = Object.entries(values).map(([name, value]) => `${name}=${String(value)}`);
  return `${kind}  ${details.join(' ')}`;
}
