import { readFile } from 'node:fs/promises';

const LOOK_MS = 50;

/** Megabytes of memory of one process: its share of what it has in common with others counts once (PSS). */
export interface MemoryWatch extends AsyncDisposable {
  readonly before: number;
  /** The most that was seen so far. */
  peak(): Promise<number>;
}

export async function startMemoryWatch(pid: number): Promise<MemoryWatch> {
  const before = await readPss(pid);
  let peak = before;
  let isOver = false;
  const look = async (): Promise<void> => {
    peak = Math.max(peak, await readPss(pid));
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

/** @returns MB */
export async function readPss(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1];
  if (kib === undefined) throw new Error(`Cannot read the memory of process ${pid}`);
  return (Number(kib) * 1024) / 1e6;
}
