import type { CommandModule } from '../context.ts';
import { addSettingsOptions } from '../settings/options.ts';

/** `berth hub`: one Hub in the foreground, for those who have a supervisor already. */
export const hubCommand: CommandModule = (program, context) => {
  const command = program.command('hub').description('Run the Hub in the foreground, without a supervisor');
  addSettingsOptions(command).action(async () => {
    const settings = await context.settings(command);
    // The Hub and all it needs is only loaded where it runs.
    const { runHub } = await import('../hub/run-hub.ts');
    for (const warning of settings.warnings) context.printer.note(`berth: ${warning}`);
    await runHub(settings, context);
  });
};
