import type { CommandModule } from '../context.ts';
import { addSettingsOptions } from '../settings/options.ts';

/** `berth engine`: one engine in the foreground, for those who have a supervisor already. */
export const engineCommand: CommandModule = (program, context) => {
  const command = program
    .command('engine')
    .description('Run the engine in the foreground, without a supervisor; containers run on when it ends');
  addSettingsOptions(command).action(async () => {
    const settings = await context.settings(command);
    const { engineObstacle, obstacleError } = await import('../engine/requirements.ts');
    const obstacle = engineObstacle({ env: context.env, runtime: settings.values.runtime });
    if (obstacle !== undefined) throw obstacleError(obstacle);
    // The engine and all it needs is only loaded where it runs.
    const { runEngine } = await import('../engine/run-engine.ts');
    for (const warning of settings.warnings) context.printer.note(`berth: ${warning}`);
    await runEngine(settings, context);
  });
};
