import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedFolder } from '../lab/cached.ts';
import { mustRun, runCommand } from '../lab/command.ts';
import { goEnvironment } from '../lab/go.ts';

const MODULE = 'github.com/opencontainers/distribution-spec/conformance';
const VERSION = 'v0.0.0-20260831232431-97274622c111';

/** Builds the official program with Go, once; Go's own files stay in the cache folder and go with the build. */
export async function buildSuite(go: string): Promise<string> {
  const folder = await cachedFolder(`conformance-${VERSION}-${process.arch}`, async (staging) => {
    const work = join(staging, 'work');
    const commit = VERSION.slice(VERSION.lastIndexOf('-') + 1);
    await mustRun([go, 'install', '-ldflags', `-X main.Version=${commit}`, `${MODULE}@${VERSION}`], {
      env: {
        ...goEnvironment(),
        GOBIN: join(staging, 'bin'),
        GOPATH: join(work, 'path'),
        GOMODCACHE: join(work, 'modules'),
        GOCACHE: join(work, 'build'),
        // Modules are written read-only otherwise, and could not be removed again.
        GOFLAGS: '-modcacherw -buildvcs=false',
      },
    });
    await rm(work, { recursive: true });
  });
  return join(folder, 'bin/conformance');
}

export interface SuiteOptions {
  /** `host:port` of the registry, over plain HTTP. */
  readonly registry: string;
  /** Two repositories that the user may write; both are empty. */
  readonly repositories: readonly [string, string];
  readonly username: string;
  readonly password: string;
  /** `dev` adds what the next version of the specification asks for. */
  readonly version: '1.1' | 'dev';
}

/** What the suite says: its own totals (groups counted with their checks), and the parts by name. */
export interface SuiteResult {
  readonly counts: Readonly<Record<'pass' | 'fail' | 'skip' | 'disabled' | 'error', number>>;
  /** `Blob get` → `Pass`, `Skip`, `Disabled`, `FAIL` or `Error`. */
  readonly apis: ReadonlyMap<string, string>;
  /** Each check that failed or could not run, with the suite's words. */
  readonly failures: readonly string[];
  readonly wallTimeMs: number;
}

/** Runs the suite. Checks that fail are a value; a suite that gives no results throws. */
export async function runSuite(program: string, options: SuiteOptions): Promise<SuiteResult> {
  const results = await mkdtemp(join(tmpdir(), 'berth-conformance-'));
  try {
    const startedAt = performance.now();
    const { stdout, stderr } = await runCommand([program], {
      cwd: results,
      env: {
        OCI_REGISTRY: options.registry,
        OCI_TLS: 'disabled',
        OCI_REPO1: options.repositories[0],
        OCI_REPO2: options.repositories[1],
        OCI_USERNAME: options.username,
        OCI_PASSWORD: options.password,
        OCI_VERSION: options.version,
        OCI_RESULTS_DIR: results,
      },
    });
    const wallTimeMs = performance.now() - startedAt;
    if (!stdout.includes('OCI Conformance Result'))
      throw new Error(`The conformance suite gave no results:\n${stdout}\n${stderr}`);
    return {
      counts: {
        pass: readTotal(stdout, 'Pass'),
        fail: readTotal(stdout, 'FAIL'),
        skip: readTotal(stdout, 'Skip'),
        disabled: readTotal(stdout, 'Disabled'),
        error: readTotal(stdout, 'Error'),
      },
      apis: readApis(await readFile(join(results, 'results.yaml'), 'utf8')),
      failures: readFailures(await readFile(join(results, 'junit.xml'), 'utf8')),
      wallTimeMs,
    };
  } finally {
    await rm(results, { recursive: true, force: true });
  }
}

/** A line of the summary: `  Pass..........................:        848`. */
function readTotal(summary: string, status: string): number {
  const found = new RegExp(`^ {2}${status}\\.+: +(\\d+)$`, 'm').exec(summary);
  if (found === null) throw new Error(`The conformance suite gave no total of "${status}":\n${summary}`);
  return Number(found[1]);
}

/** The map below the last `apis:` that begins a line (the configuration above it is a text, and indented). */
function readApis(yaml: string): ReadonlyMap<string, string> {
  const section = /^apis:\n((?: {2}\S.*\n)*)/m.exec(yaml)?.[1] ?? '';
  const lines = section.matchAll(/^ {2}(.+): (\w+)$/gm);
  return new Map(Array.from(lines, ([, name = '', status = '']) => [name, status]));
}

function readFailures(junit: string): readonly string[] {
  const cases = junit.matchAll(
    /<testcase name="([^"]*)"[^>]* status="(?:failure|error)"[^>]*>(?:\s*<system-out>([^<]*)<\/system-out>)?/g,
  );
  return Array.from(cases, ([, name, said = '']) => `${name}: ${said}`);
}
