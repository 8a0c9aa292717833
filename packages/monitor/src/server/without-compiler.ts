import { flushCompileCache, getCompileCacheDir } from 'node:module';

const DONE = 'BERTH_MONITOR_COMPILED';

/**
 * Begins this process anew when Node had to load its TypeScript compiler for it, which takes 16 MB for good. Everything that
 * it has made is in the compile cache by now, so the second time it is not needed. Only a clone's first start comes here: what
 * is installed is JavaScript.
 *
 * To be called when all modules are loaded and nothing is done yet. Returns when there is nothing to gain.
 */
export function restartWithoutCompiler(): void {
  const { [DONE]: done, ...env } = process.env;
  delete process.env[DONE];
  if (done !== undefined || getCompileCacheDir() === undefined || typeof process.execve !== 'function')
    return;
  if (!loadedModules().some((name) => name.includes('internal/deps/amaro'))) return;
  flushCompileCache();
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    ...env,
    [DONE]: 'yes',
  });
}

/** Node's own; a list that Node keeps for itself, and may give up. */
function loadedModules(): readonly string[] {
  return (process as { readonly moduleLoadList?: readonly string[] }).moduleLoadList ?? [];
}
