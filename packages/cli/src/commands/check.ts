import type { CommandModule } from '../context.ts';
import { addSettingsOptions } from '../settings/options.ts';

/** `berth check`: looks at everything that is stored; exit code 1 when something is wrong. */
export const checkCommand: CommandModule = (program, context) => {
  const command = program
    .command('check')
    .description('Look at everything that is stored; works beside a running Hub')
    .option('--deep', 'Read and hash every byte')
    .option('--repair', 'Remove what belongs to nothing');
  addSettingsOptions(command, ['dataRoot']).action(
    async ({ deep = false, repair = false }: { deep?: boolean; repair?: boolean }) => {
      const { values } = await context.settings(command);
      const { checkHub } = await import('@berth/hub');
      const { checkText, isRepaired } = await import('../hub/check-text.ts');
      const report = await checkHub(values.dataRoot, { deep, repair, signal: context.signal });
      context.printer.result(report, () => checkText(report));
      if (!report.findings.every(isRepaired)) context.exitCode = 1;
    },
  );
};
