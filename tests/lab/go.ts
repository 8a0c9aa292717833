import { homedir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { cacheFolder } from './cache-folder.ts';
import { runCommand } from './command.ts';

/**
 * The Go compiler, 1.24 or newer, from the `PATH` or its usual folder. Without one the test is skipped with the
 * reason, and under `CI=true` it fails: there the conformance suite always runs.
 */
export async function needGo(t: TestContext): Promise<string | undefined> {
  for (const go of ['go', '/usr/local/go/bin/go', '/usr/lib/go/bin/go']) {
    const found = await runCommand(['sh', '-c', '"$0" env GOVERSION', go], { env: goEnvironment() });
    const [, major, minor] = /^go(\d+)\.(\d+)/.exec(found.stdout) ?? [];
    if (found.code === 0 && (Number(major) > 1 || Number(minor) >= 24)) return go;
  }
  const reason = 'needs Go 1.24 or newer in the PATH';
  if (process.env.CI === 'true') throw new Error(`Cannot test in CI: ${reason}`);
  t.skip(reason);
  return undefined;
}

/** The user's own settings of Go, while what Go itself notes down of its runs stays in the cache. */
export function goEnvironment(): Readonly<Record<string, string>> {
  const { GOENV, XDG_CONFIG_HOME } = process.env;
  return {
    GOENV: GOENV ?? join(XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'go/env'),
    GOTOOLCHAIN: 'local',
    XDG_CONFIG_HOME: join(cacheFolder(), 'go-config'),
  };
}
