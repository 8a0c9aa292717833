import { readFile, writeFile } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { syncAll } from './disk-meter.ts';

/** Gives back all that the kernel keeps of files. @returns `false` where it may not be asked for */
export async function dropCaches(): Promise<boolean> {
  await syncAll();
  try {
    await writeFile('/proc/sys/vm/drop_caches', '3');
    return true;
  } catch (error) {
    if (hasCode(error) && ['EACCES', 'EPERM', 'EROFS'].includes(error.code)) return false;
    throw error;
  }
}

/** Memory that holds contents of files. */
export async function cachedBytes(): Promise<number> {
  const lines = (await readFile('/proc/meminfo', 'utf8')).split('\n');
  const of = (name: string) => {
    const line = lines.find((one) => one.startsWith(`${name}:`));
    return Number(line?.split(/\s+/)[1] ?? 0) * 1024;
  };
  return of('Cached') + of('Buffers');
}
