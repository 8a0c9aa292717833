import { readFileSync } from 'node:fs';
import { hasCode } from '@berth/errors';

const HIGHEST = 8191;

/** `0-2,5` as numbers; `undefined`: it is none. */
export function parseCpuList(text: string): readonly number[] | undefined {
  const numbers: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim());
    if (match === null) return undefined;
    const from = Number(match[1]);
    const to = Number(match[2] ?? match[1]);
    if (to < from || to > HIGHEST) return undefined;
    for (let cpu = from; cpu <= to; cpu++) numbers.push(cpu);
  }
  return numbers;
}

/** The processors of this machine; `undefined` where the kernel does not say. */
export function readCpuList(): string | undefined {
  try {
    return readFileSync('/sys/devices/system/cpu/online', 'utf8').trim();
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
