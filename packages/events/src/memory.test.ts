import { createMemoryEventLog } from './memory.ts';
import { eventLogSuite } from './testsuite.ts';

eventLogSuite('createMemoryEventLog()', async () => {
  let now = Date.now();
  const log = createMemoryEventLog({ clock: () => now });
  return {
    log,
    append: log.append,
    setClock(timeMs) {
      now = timeMs;
    },
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  };
});
