import type { CommandModule } from '../context.ts';
import { alignColumns } from '../output/columns.ts';
import { addSettingsOptions } from '../settings/options.ts';
import { SETTINGS } from '../settings/schema.ts';
import type { EffectiveSettings } from '../settings/settings.ts';

export interface SettingReport {
  readonly value: unknown;
  readonly origin: string;
  readonly env: string;
}

/** `berth config`: the effective settings and where each came from. */
export const configCommand: CommandModule = (program, context) => {
  addSettingsOptions(
    program.command('config').description('Show the effective settings and where each came from'),
  ).action(async (_options, command) => {
    const settings = await context.settings(command);
    const report = reportSettings(settings);
    for (const warning of settings.warnings) context.printer.note(`berth: ${warning}`);
    context.printer.result({ file: settings.file ?? null, settings: report }, () => settingsTable(report));
  });
};

/** Secrets are told by their being there alone. */
export function reportSettings(settings: EffectiveSettings): Record<string, SettingReport> {
  const report: Record<string, SettingReport> = {};
  for (const { key, env, isSecret } of SETTINGS) {
    const value = settings.values[key];
    report[key] = {
      value: isSecret && value !== undefined ? '***' : (value ?? null),
      origin: settings.origins[key],
      env,
    };
  }
  return report;
}

function settingsTable(report: Record<string, SettingReport>): string {
  const rows = Object.entries(report).map(([key, { value, origin, env }]) => [
    key,
    shown(value),
    origin === 'default' ? `default (${env})` : origin,
  ]);
  return alignColumns(rows);
}

function shown(value: unknown): string {
  if (value === null) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.join(',');
  return String(value);
}
