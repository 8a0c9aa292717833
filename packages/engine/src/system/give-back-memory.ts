import { trimMemory } from '@berth/linux';

const LOOK_MS = 5000;
/** Of processor time between two looks: an engine that only waits takes less. */
const IDLE_MS = 50;
/** Of processor time since memory was given back: what less work leaves behind is not worth collecting. */
const WORTH_MS = 200;

/**
 * Gives memory back to the system when the engine has worked and then rests: an engine waits most of the day, and the collector only
 * runs for those who allocate. Collecting takes some 30 ms; it needs `--expose-gc`, and without it only the C library gives back.
 */
export function giveBackMemoryWhenIdle(): Disposable {
  let lookedAtMs = 0;
  let gaveBackAtMs = 0;
  const timer = setInterval(() => {
    const nowMs = processorMs();
    const isIdle = nowMs - lookedAtMs < IDLE_MS;
    lookedAtMs = nowMs;
    if (!isIdle || nowMs - gaveBackAtMs < WORTH_MS) return;
    globalThis.gc?.();
    trimMemory();
    lookedAtMs = processorMs();
    gaveBackAtMs = lookedAtMs;
  }, LOOK_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
