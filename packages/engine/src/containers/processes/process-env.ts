import { envName } from '../settings/merge-config.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The environment of a process: our defaults, then the config's, each name once and in the place where it came first. An
 * entry without `=` takes a default away. `HOME` comes last and only where nobody set it.
 */
export function processEnv(
  own: readonly string[],
  options: { readonly hostname: string; readonly terminal: boolean; readonly home: string },
): readonly string[] {
  const defaults = [
    `PATH=${DEFAULT_PATH}`,
    `HOSTNAME=${options.hostname}`,
    ...(options.terminal ? ['TERM=xterm'] : []),
  ];
  const env = overrideEnv(defaults, own);
  return env.some((entry) => envName(entry) === 'HOME') ? env : [...env, `HOME=${options.home}`];
}

/** `later` over `earlier`, by name. */
export function overrideEnv(earlier: readonly string[], later: readonly string[]): readonly string[] {
  const entries = new Map<string, string | undefined>();
  for (const entry of [...earlier, ...later]) {
    entries.set(envName(entry), entry.includes('=') ? entry : undefined);
  }
  return [...entries.values()].filter((entry) => entry !== undefined);
}
