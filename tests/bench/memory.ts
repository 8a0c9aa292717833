import { readFile } from 'node:fs/promises';
import { hasCode } from '@berth/errors';

const LOOK_MS = 50;

/** Megabytes of memory of one process: its share of what it has in common with others counts once (PSS). */
export interface MemoryWatch extends AsyncDisposable {
  readonly before: number;
  /** The most that was seen so far; what has ended by itself is seen no more. */
  peak(): Promise<number>;
}

export async function startMemoryWatch(pid: number): Promise<MemoryWatch> {
  const before = await readPss(pid);
  if (before === undefined) throw new Error(`Cannot read the memory of process ${pid}`);
  let peak = before;
  let isOver = false;
  const look = async (): Promise<void> => {
    peak = Math.max(peak, (await readPss(pid)) ?? 0);
  };
  const looking = (async () => {
    while (!isOver) {
      await look();
      await new Promise((done) => setTimeout(done, LOOK_MS));
    }
  })();
  return {
    before,
    peak: async () => {
      await look();
      return peak;
    },
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await looking;
    },
  };
}

/** @returns MB; `undefined` when there is no such process, or only what is left for its parent to see */
export async function readPss(pid: number): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
  const kib = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1];
  return kib === undefined ? undefined : (Number(kib) * 1024) / 1e6;
}
