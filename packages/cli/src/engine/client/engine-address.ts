import { CliError } from '../../errors.ts';
import { findSettingsFile } from '../../settings/settings-file.ts';

/** The schema's default; a test holds the two together. */
export const DEFAULT_SOCKET = '/run/berth/berth.sock';

export interface AddressSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** `--socket`. */
  readonly socket?: string | undefined;
  /** `--config`. */
  readonly config?: string | undefined;
  readonly signal?: AbortSignal;
}

/**
 * The engine's socket: `--socket`, `BERTH_SOCKET`, the settings file, then `DOCKER_HOST` where it names a socket, then
 * the default. The whole schema is only loaded for a settings file: a command starts three times as fast without it.
 *
 * @throws {CliError} `SETTING_INVALID`, and what a settings file is refused for
 */
export async function engineAddress(sources: AddressSources): Promise<string> {
  const { env, cwd, config, signal } = sources;
  if (sources.socket !== undefined) return absolute(sources.socket, '--socket');
  if (env.BERTH_SOCKET) return absolute(env.BERTH_SOCKET, 'BERTH_SOCKET');
  const file = await findSettingsFile({
    ...{ env, cwd },
    ...(config === undefined ? {} : { path: config }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (file !== undefined) {
    const { effectiveSettings } = await import('../../settings/settings.ts');
    const { values, origins } = effectiveSettings({ flags: {}, env, file });
    if (origins.socket !== 'default') return values.socket;
  }
  return dockerHost(env.DOCKER_HOST) ?? DEFAULT_SOCKET;
}

function dockerHost(value: string | undefined): string | undefined {
  if (!value) return undefined;
  if (value.startsWith('unix://')) return absolute(value.slice('unix://'.length), 'DOCKER_HOST');
  throw new CliError('SETTING_INVALID', `Cannot use "${value}" as DOCKER_HOST: expected unix:///path`, {
    hint: 'berth speaks to engines of this machine: set BERTH_SOCKET, or unset DOCKER_HOST',
  });
}

function absolute(path: string, origin: string): string {
  if (path.startsWith('/')) return path;
  throw new CliError('SETTING_INVALID', `Cannot use "${path}" as socket: expected an absolute path`, {
    hint: `Change it in ${origin}`,
  });
}
