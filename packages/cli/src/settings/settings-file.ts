import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { hasCode } from '@berth/errors';
import { CliError } from '../errors.ts';

export interface SettingsFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface FindSettingsFileOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Given with `--config`; must exist then, and so must one named by `BERTH_CONFIG`. */
  readonly path?: string;
  readonly signal?: AbortSignal;
}

/**
 * The first of: the named file, `~/.config/berth/config.json`, `/etc/berth/config.json`. None is taken from the
 * folder one happens to stand in: whoever made that folder could then name the authorities to trust.
 */
export async function findSettingsFile(options: FindSettingsFileOptions): Promise<SettingsFile | undefined> {
  const { env, cwd } = options;
  const named = options.path ?? (env.BERTH_CONFIG || undefined);
  if (named !== undefined) {
    const file = await readSettingsFile(resolve(cwd, named), options);
    if (file !== undefined) return file;
    throw new CliError(
      'SETTINGS_FILE_INVALID',
      `Cannot read settings file "${resolve(cwd, named)}": it does not exist`,
      {
        hint: 'Give another path with --config or BERTH_CONFIG',
      },
    );
  }
  const home = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  for (const path of [join(home, 'berth/config.json'), '/etc/berth/config.json']) {
    const file = await readSettingsFile(path, options);
    if (file !== undefined) return file;
  }
  return undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
};

async function readSettingsFile(
  path: string,
  { signal }: FindSettingsFileOptions,
): Promise<SettingsFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, { encoding: 'utf8', ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    const reason = hasCode(error) ? REASONS[error.code] : undefined;
    if (reason === undefined) throw error;
    throw new CliError('SETTINGS_FILE_INVALID', `Cannot read settings file "${path}": ${reason}`, {
      cause: error,
      hint: 'Make it a file that this user may read, or name another with --config or BERTH_CONFIG',
    });
  }
  const values = parseObject(text);
  if (values !== undefined) return { path, values };
  throw new CliError(
    'SETTINGS_FILE_INVALID',
    `Cannot read settings file "${path}": it is not a JSON object`,
    {
      hint: 'Write it like { "hubAddr": "127.0.0.1:5000" }',
    },
  );
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
