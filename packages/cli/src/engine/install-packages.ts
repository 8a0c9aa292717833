import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CliError } from '../errors.ts';
import { isProgram } from './requirements.ts';

const run = promisify(execFile);

export interface InstallOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told before anything is changed: what comes, and apt's own words for how much. */
  readonly onPlan: (packages: readonly string[], size: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Installs packages of the distribution, as the machine's apt is set up, after naming them with their size.
 *
 * @throws {CliError} `INSTALL_FAILED` with apt's last words; nothing of ours stays then
 */
export async function installPackages(packages: readonly string[], options: InstallOptions): Promise<void> {
  const { env, onPlan, signal } = options;
  if (!isProgram('apt-get', env)) {
    throw new CliError('INSTALL_FAILED', `Cannot install "${packages.join(' ')}": there is no apt-get here`, {
      hint: `Install ${packages.join(' and ')} with this system's own tool`,
    });
  }
  const apt = async (...args: readonly string[]) => {
    const { stdout } = await run('apt-get', args, {
      env: { ...env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      signal,
    });
    return stdout;
  };
  const plan = () => apt('install', '--assume-no', '--no-install-recommends', ...packages);
  try {
    // apt's answer to its own question is "no" here, which it calls a failure.
    let said = await plan().catch((error: { readonly stdout?: string }) => error.stdout ?? '');
    if (!/^Need to get/m.test(said)) {
      await apt('update', '-q');
      said = await plan().catch((error: { readonly stdout?: string }) => error.stdout ?? '');
    }
    onPlan(packages, /^Need to get (.*?) of archives/m.exec(said)?.[1] ?? '');
    await apt('install', '--yes', '-q', '--no-install-recommends', ...packages);
  } catch (cause) {
    signal.throwIfAborted();
    const words = String((cause as { readonly stderr?: string }).stderr ?? cause)
      .trim()
      .split('\n')
      .at(-1);
    throw new CliError('INSTALL_FAILED', `Cannot install "${packages.join(' ')}": ${words}`, {
      hint: 'Install it by hand, or set BERTH_INSTALL=no and BERTH_ENGINE=off for the Hub alone',
      cause,
    });
  }
}
