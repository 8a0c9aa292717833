import { homedir } from 'node:os';
import { join } from 'node:path';
import { CliError } from '../errors.ts';
import { nearest } from './nearest.ts';
import { SETTINGS, type SettingInfo, type SettingKey, type Settings } from './schema.ts';
import type { SettingsFile } from './settings-file.ts';

/** Where a value came from: `--hub-addr`, `BERTH_HUB_ADDR`, `/etc/berth/config.json`, `default`. */
export type SettingOrigin = string;

export interface EffectiveSettings {
  readonly values: Settings & { readonly dataRoot: string };
  readonly origins: Readonly<Record<SettingKey, SettingOrigin>>;
  /** The settings file that was read. */
  readonly file: string | undefined;
  /** Environment variables that look like a setting written wrongly. */
  readonly warnings: readonly string[];
}

export interface SettingsSources {
  /** Values by key, as given on the command line. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: SettingsFile | undefined;
}

/** Joins the sources; the first that names a setting wins. @throws {CliError} `SETTING_UNKNOWN`, `SETTING_INVALID` */
export function effectiveSettings({ flags, env, file }: SettingsSources): EffectiveSettings {
  if (file !== undefined) refuseUnknownKeys(file);
  const values: Record<string, unknown> = {};
  const origins: Record<string, SettingOrigin> = {};
  for (const setting of SETTINGS) {
    const [value, origin] = pick(setting, { flags, env, file });
    origins[setting.key] = origin;
    if (value === undefined) continue;
    const parsed = typeof value === 'string' ? parseText(setting, value) : value;
    const isValid =
      setting.accepts(parsed) &&
      // A pattern alone lets ports beyond 65535 through.
      (setting.key !== 'hubUrl' || URL.canParse(String(parsed)));
    if (!isValid) throw invalid(setting, { value, origin });
    values[setting.key] = parsed;
  }
  values.dataRoot ??= defaultDataRoot(env);
  return {
    values: values as Settings & { readonly dataRoot: string },
    origins: origins as Record<SettingKey, SettingOrigin>,
    file: file?.path,
    warnings: misspeltVariables(env),
  };
}

/** @see XDG base directory specification */
export function defaultDataRoot(env: SettingsSources['env']): string {
  if (process.getuid?.() === 0) return '/var/lib/berth';
  return join(env.XDG_DATA_HOME || join(env.HOME || homedir(), '.local/share'), 'berth');
}

function pick(setting: SettingInfo, { flags, env, file }: SettingsSources): [unknown, SettingOrigin] {
  if (flags[setting.key] !== undefined) return [flags[setting.key], setting.flag];
  // An empty variable is an unset one, as usual in shells.
  if (env[setting.env]) return [env[setting.env], setting.env];
  if (file?.values[setting.key] !== undefined) return [file.values[setting.key], file.path];
  return [setting.default, 'default'];
}

function parseText(setting: SettingInfo, text: string): unknown {
  if (setting.kind === 'yes-no') {
    if (/^(yes|true|on|1)$/i.test(text)) return true;
    return /^(no|false|off|0)$/i.test(text) ? false : text;
  }
  if (setting.kind === 'list') {
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }
  return text;
}

function invalid(setting: SettingInfo, { value, origin }: { value: unknown; origin: string }): CliError {
  const shown = setting.isSecret ? '***' : typeof value === 'string' ? value : JSON.stringify(value);
  return new CliError(
    'SETTING_INVALID',
    `Cannot use "${shown}" as ${setting.key}: expected ${setting.expected}`,
    {
      hint: origin === 'default' ? `Set ${setting.env}` : `Change it in ${origin}`,
      detail: { setting: setting.key, origin },
    },
  );
}

function refuseUnknownKeys(file: SettingsFile): void {
  const known = SETTINGS.map(({ key }) => key);
  for (const key of Object.keys(file.values)) {
    if ((known as string[]).includes(key)) continue;
    const near = nearest(key, known);
    throw new CliError(
      'SETTING_UNKNOWN',
      `Cannot use settings file "${file.path}": there is no setting "${key}"`,
      {
        hint:
          near === undefined ? 'See "berth config" for the settings there are' : `Did you mean "${near}"?`,
        detail: { key, nearest: near },
      },
    );
  }
}

function misspeltVariables(env: SettingsSources['env']): string[] {
  const known = SETTINGS.map((setting) => setting.env);
  const warnings: string[] = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith('BERTH_') || known.includes(name)) continue;
    const near = known.find((one) => nearest(name.slice(6), [one.slice(6)]) !== undefined);
    if (near !== undefined) warnings.push(`${name} is not a setting; did you mean ${near}?`);
  }
  return warnings;
}
