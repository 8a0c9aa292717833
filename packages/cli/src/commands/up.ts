import type { CommandModule } from '../context.ts';
import { addSettingsOptions } from '../settings/options.ts';

/** `berth up`, which is `npm start`: the Hub, supervised. */
export const upCommand: CommandModule = (program, context) => {
  const command = program.command('up').description('Start everything and keep it running');
  addSettingsOptions(command).action(async () => {
    const settings = await context.settings(command);
    const { up } = await import('../hub/up.ts');
    for (const warning of settings.warnings) context.printer.note(`berth: ${warning}`);
    context.exitCode = await up(settings, context);
  });
};
