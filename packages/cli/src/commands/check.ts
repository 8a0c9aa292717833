import { hasCode } from '@berth/errors';
import type { CommandModule } from '../context.ts';
import { addSettingsOptions } from '../settings/options.ts';

/** `berth check`: looks at everything that is stored; exit code 1 when something is wrong. */
export const checkCommand: CommandModule = (program, context) => {
  const command = program
    .command('check')
    .description('Look at everything that is stored; works beside a running Hub and engine')
    .option('--deep', 'Read and hash every byte')
    .option('--repair', 'Remove what belongs to nothing');
  addSettingsOptions(command, ['dataRoot', 'socket']).action(
    async ({ deep = false, repair = false }: { deep?: boolean; repair?: boolean }) => {
      const { values } = await context.settings(command);
      const options = { deep, repair, signal: context.signal };
      const { checkEngineData } = await import('../engine/check-data.ts');
      const { checkHub } = await import('@berth/hub');
      const engine = await checkEngineData(values, options);
      const hub = await checkHub(values.dataRoot, options).catch((error: unknown) => {
        // An engine alone is a whole installation too.
        const isAlone = engine !== undefined && hasCode(error) && error.code === 'DATA_FOLDER_MISSING';
        if (isAlone) return undefined;
        throw error;
      });
      const { checkText, isClean } = await import('../hub/check-text.ts');
      context.printer.result({ ...hub, ...(engine === undefined ? {} : { engine }) }, () =>
        checkText(hub, engine),
      );
      if (!isClean(hub, engine)) context.exitCode = 1;
    },
  );
};
