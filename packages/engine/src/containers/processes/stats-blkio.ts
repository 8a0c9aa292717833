import { type ContainerCgroups, readCgroupFile } from './cgroup-files.ts';

interface BlkioEntry {
  readonly major: number;
  readonly minor: number;
  readonly op: string;
  readonly value: number;
}

type BlkioStats = Readonly<Record<string, readonly BlkioEntry[] | null>>;

export function noBlkio(
  bytes: readonly BlkioEntry[] | null = null,
  operations: readonly BlkioEntry[] | null = null,
): BlkioStats {
  return {
    io_service_bytes_recursive: bytes,
    io_serviced_recursive: operations,
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  };
}

export async function blkioStats(groups: ContainerCgroups): Promise<BlkioStats> {
  if (!groups.isUnified) {
    const folder = groups.folder('blkio');
    const [bytes, operations] = await Promise.all([
      readCgroupFile(folder, 'blkio.throttle.io_service_bytes_recursive'),
      readCgroupFile(folder, 'blkio.throttle.io_serviced_recursive'),
    ]);
    return noBlkio(legacyEntries(bytes), legacyEntries(operations));
  }
  const bytes: BlkioEntry[] = [];
  const operations: BlkioEntry[] = [];
  for (const line of ((await readCgroupFile(groups.folder('io'), 'io.stat')) ?? '').split('\n')) {
    const match = /^(\d+):(\d+) (.*)$/.exec(line);
    if (match === null) continue;
    const device = { major: Number(match[1]), minor: Number(match[2]) };
    const values = Object.fromEntries((match[3] ?? '').split(' ').map((pair) => pair.split('=')));
    bytes.push({ ...device, op: 'read', value: Number(values.rbytes ?? 0) });
    bytes.push({ ...device, op: 'write', value: Number(values.wbytes ?? 0) });
    operations.push({ ...device, op: 'read', value: Number(values.rios ?? 0) });
    operations.push({ ...device, op: 'write', value: Number(values.wios ?? 0) });
  }
  return noBlkio(bytes, operations);
}

function legacyEntries(text: string | undefined): readonly BlkioEntry[] {
  return (text ?? '').split('\n').flatMap((line) => {
    const match = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line);
    if (match === null) return [];
    const [, major, minor, op = '', value] = match;
    return [{ major: Number(major), minor: Number(minor), op: op.toLowerCase(), value: Number(value) }];
  });
}
