import { SETTINGS } from './schema.ts';
import type { EffectiveSettings } from './settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment in which another `berth` has exactly these settings, whatever flags or file they came from. */
export function settingsEnvironment(
  settings: EffectiveSettings,
  env: Environment,
): Record<string, string | undefined> {
  const result: Record<string, string | undefined> = { ...env };
  if (settings.file !== undefined) result.BERTH_CONFIG = settings.file;
  for (const { key, env: name, flag } of SETTINGS) {
    if (settings.origins[key] !== flag) continue;
    const value = settings.values[key];
    result[name] = typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
  }
  return { ...result, BERTH_DATA_ROOT: settings.values.dataRoot };
}
