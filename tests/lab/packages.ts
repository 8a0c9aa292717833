import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { cachedFolder } from './cached.ts';
import { mustRun, runCommand } from './command.ts';
import { completeRoot } from './complete-root.ts';
import { type PackageSet, setFolderName } from './package-sets.ts';

/** The package mirror cannot be reached from here: a reason to skip, not a fault. */
export class PackagesUnreachableError extends Error {
  override readonly name = 'PackagesUnreachableError';
}

export interface BringOptions {
  /** A line now and then, so that nobody takes a download for a hang. */
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** apt runs hooks of the system after its work (they clean the system's own cache): none of them may run here. */
const NO_HOOKS = [
  'APT::Update::Pre-Invoke',
  'APT::Update::Post-Invoke',
  'APT::Update::Post-Invoke-Success',
  'APT::Install::Pre-Invoke',
  'APT::Install::Post-Invoke-Success',
  'DPkg::Pre-Invoke',
  'DPkg::Post-Invoke',
  'DPkg::Pre-Install-Pkgs',
]
  .map((key) => `#clear ${key};\n`)
  .join('');

/**
 * The root folder that holds a set of packages, unpacked; made at the first call, kept in the cache.
 *
 * apt runs with state and cache folders of its own and an empty list of installed packages, so it brings the whole
 * closure of dependencies, by the sources and proxies that the machine is set up with. Nothing outside the cache
 * folder changes, and no package's script runs. The folder appears by one rename: a killed call leaves nothing
 * that looks whole.
 */
export async function bringPackages(set: PackageSet, options: BringOptions = {}): Promise<string> {
  const folder = await cachedFolder(setFolderName(set), (staging) => make(set, { ...options, staging }), {
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return join(folder, 'root');
}

async function make(set: PackageSet, options: BringOptions & { readonly staging: string }): Promise<void> {
  const { staging } = options;
  const say = options.onProgress ?? (() => {});
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const apt = await aptIn(staging);
  say(`${set.name}: reading the package lists`);
  const update = await runCommand([...apt, 'update'], signal);
  // apt ends with 0 when a mirror does not answer: the lists it got are what counts.
  const lists = await readdir(join(staging, 'apt/state/lists'));
  if (update.code !== 0 || !lists.some((name) => name.includes('_Packages'))) {
    throw new PackagesUnreachableError(`needs Debian's package mirror: ${lastLine(update.stderr)}`);
  }
  const install = [...apt, 'install', '--yes', '--no-install-recommends', '--download-only'] as const;
  const plan = await mustRun([...install, '--print-uris', ...set.packages], signal);
  const megabytes = Math.round(sumOfSizes(plan.stdout) / 1e6);
  say(
    `${set.name}: downloading ${countOfUris(plan.stdout)} Debian packages (${megabytes} MB) into ${cacheFolder()}`,
  );
  await mustRun([...install, ...set.packages], signal);
  await unpackAll(join(staging, 'apt/cache/archives'), { root: join(staging, 'root'), say, ...signal });
  await completeRoot(join(staging, 'root'));
  await rm(join(staging, 'apt'), { recursive: true });
  say(`${set.name}: ready`);
}

async function aptIn(staging: string): Promise<['apt-get', ...string[]]> {
  const apt = join(staging, 'apt');
  await mkdir(join(apt, 'state/lists/partial'), { recursive: true });
  await mkdir(join(apt, 'cache/archives/partial'), { recursive: true });
  await mkdir(join(apt, 'log'));
  await writeFile(join(apt, 'status'), '');
  await writeFile(join(apt, 'no-hooks.conf'), NO_HOOKS);
  const settings = {
    'Dir::State': join(apt, 'state'),
    'Dir::State::status': join(apt, 'status'),
    'Dir::Cache': join(apt, 'cache'),
    'Dir::Log': join(apt, 'log'),
    // The download user of apt may not enter a cache folder below /root.
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
  };
  return [
    'apt-get',
    '--quiet',
    '--config-file',
    join(apt, 'no-hooks.conf'),
    ...Object.entries(settings).flatMap(([key, value]) => ['--option', `${key}=${value}`]),
  ];
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

/** Lines of `--print-uris`: 'uri' file size checksum. */
function countOfUris(text: string): number {
  return text.split('\n').filter((line) => line.startsWith("'")).length;
}

function sumOfSizes(text: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith("'"))
    .reduce((sum, line) => sum + Number(line.split(' ')[2] ?? 0), 0);
}

async function unpackAll(
  archives: string,
  options: { readonly root: string; readonly say: (line: string) => void; readonly signal?: AbortSignal },
): Promise<void> {
  const { root, signal } = options;
  // Debian 12 has /bin, /sbin and /lib below /usr; older packages still ship files under the old names.
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    await mkdir(join(root, 'usr', name), { recursive: true });
  await mustRun(['sh', '-c', 'for n in bin sbin lib lib64; do ln -s usr/$n "$0/$n"; done', root]);
  const packages = (await readdir(archives)).filter((name) => name.endsWith('.deb')).sort();
  options.say(`unpacking ${packages.length} packages`);
  for (const name of packages) {
    const pipe = 'dpkg-deb --fsys-tarfile "$0" | tar --extract --keep-directory-symlink --directory "$1"';
    await mustRun(
      ['sh', '-c', `set -e; ${pipe}`, join(archives, name), root],
      signal === undefined ? {} : { signal },
    );
  }
}
