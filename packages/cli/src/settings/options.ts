import { type Command, Option } from 'commander';
import { SETTINGS, type SettingKey } from './schema.ts';

/** Adds the flags of settings to a command: all of them, or those named. Secrets have none: process lists show flags. */
export function addSettingsOptions(command: Command, keys?: readonly SettingKey[]): Command {
  for (const setting of SETTINGS) {
    if (setting.isSecret || (keys !== undefined && !keys.includes(setting.key))) continue;
    const value = setting.kind === 'yes-no' ? '[yes|no]' : setting.kind === 'list' ? '<list>' : '<value>';
    const option = new Option(`${setting.flag} ${value}`, `${setting.description} [${setting.env}]`);
    command.addOption(setting.kind === 'yes-no' ? option.preset('yes') : option);
  }
  return command;
}
