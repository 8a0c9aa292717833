import type { ApiContainerSummary } from '@berth/engine';

type Port = ApiContainerSummary['Ports'][number];

interface Range {
  readonly from: number;
  to: number;
  readonly isPublished: boolean;
}

/**
 * `0.0.0.0:8080->80/tcp, 90/udp`: neighbours of one address and protocol become a range when inside and outside agree,
 * or when they are not published. Docker's rules, its order too.
 */
export function portsText(ports: readonly Port[]): string {
  const groups = new Map<string, Range>();
  const order: string[] = [];
  const ranges: string[] = [];
  const mappings: string[] = [];
  for (const port of [...ports].sort(byPort)) {
    const { PrivatePort: inside, PublicPort: outside, IP: ip, Type: type } = port;
    let key = type;
    if (ip !== undefined && ip !== '') {
      if (outside !== inside) {
        mappings.push(`${bracketed(ip)}:${outside}->${inside}/${type}`);
        continue;
      }
      key = `${ip}/${type}`;
    }
    const group = groups.get(key);
    if (group !== undefined && inside <= group.to + 1) group.to = inside;
    else {
      if (group === undefined) order.push(key);
      else ranges.push(rangeText(key, group));
      groups.set(key, { from: inside, to: inside, isPublished: ip !== undefined && ip !== '' });
    }
  }
  for (const key of order) ranges.push(rangeText(key, groups.get(key) as Range));
  return [...ranges, ...mappings].join(', ');
}

function rangeText(key: string, { from, to, isPublished }: Range): string {
  const [ip, type] = isPublished ? (key.split('/') as [string, string]) : ['', key];
  const ports = from === to ? String(from) : `${from}-${to}`;
  return isPublished ? `${bracketed(ip)}:${ports}->${ports}/${type}` : `${ports}/${type}`;
}

function bracketed(ip: string): string {
  return ip.includes(':') ? `[${ip}]` : ip;
}

function byPort(a: Port, b: Port): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    compare(a.IP ?? '', b.IP ?? '') ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    compare(a.Type, b.Type)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
