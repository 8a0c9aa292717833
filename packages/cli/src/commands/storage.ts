import type { CommandModule } from '../context.ts';
import { CliError } from '../errors.ts';
import { addSettingsOptions } from '../settings/options.ts';
import type { EffectiveSettings } from '../settings/settings.ts';

const PLACE = ['dataRoot', 'socket'] as const;

/** `berth storage`: what lies on disk of images and containers. All of it works beside a running engine and without one. */
export const storageCommand: CommandModule = (program, context) => {
  const storage = program
    .command('storage')
    .description('Look at the layers of images and containers on disk');

  const info = storage
    .command('info')
    .description('Say which storage drivers work here, why the others do not, and which one is in use');
  addSettingsOptions(info, PLACE).action(async () => {
    const { values } = await context.settings(info);
    const { atRestOrRunning } = await import('../engine/at-rest-or-running.ts');
    const { engineFolder } = await import('../engine/engine-options.ts');
    const { describeStorageFiles, surveyStorageDrivers } = await import('@berth/engine');
    const found = await atRestOrRunning(values, {
      atRest: describeStorageFiles,
      path: '/berth/storage',
      signal: context.signal,
    });
    const drivers = await surveyStorageDrivers(engineFolder(values.dataRoot));
    const { storageInfoText } = await import('../engine/storage-text.ts');
    const inUse = found === undefined ? {} : { inUse: found.answer };
    context.printer.result({ ...inUse, drivers }, () => storageInfoText({ ...inUse, drivers }));
  });

  const df = storage
    .command('df')
    .description('Show what takes the disk: by layer, by who shares it, and what is left over');
  addSettingsOptions(df, PLACE).action(async () => {
    const { values } = await context.settings(df);
    const { atRestOrRunning } = await import('../engine/at-rest-or-running.ts');
    const { measureStorageFiles } = await import('@berth/engine');
    const found = await atRestOrRunning(values, {
      atRest: (dataFolder) => measureStorageFiles(dataFolder, { signal: context.signal }),
      path: '/berth/storage/usage',
      signal: context.signal,
    });
    if (found === undefined) throw noData(values);
    const { usageText } = await import('../engine/storage-text.ts');
    context.printer.result(found.answer, () => usageText(found.answer, found.dataFolder));
  });

  const check = storage
    .command('check')
    .description('Look whether every layer is whole; exit code 1 when something is wrong')
    .option('--deep', 'Read every file and recompute every digest')
    .option('--repair', 'Mend what can be mended without inventing bytes');
  addSettingsOptions(check, PLACE).action(
    async ({ deep = false, repair = false }: { deep?: boolean; repair?: boolean }) => {
      const { values } = await context.settings(check);
      const { checkEngineData } = await import('../engine/check-data.ts');
      const found = await checkEngineData(values, { deep, repair, signal: context.signal });
      if (found === undefined) throw noData(values);
      const { openProblems, problemLines, verdict } = await import('../engine/problem-text.ts');
      const open = openProblems(found);
      context.printer.result(found, () => [...problemLines(found), verdict(open)].join('\n'));
      if (open > 0) context.exitCode = 1;
    },
  );
};

function noData({ dataRoot }: EffectiveSettings['values']): CliError {
  return new CliError(
    'DATA_FOLDER_MISSING',
    `Cannot look into "${dataRoot}": no engine was ever started there`,
    {
      hint: 'Give the data folder of the engine with --data-root',
    },
  );
}
