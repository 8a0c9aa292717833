import type { CommandModule } from '../context.ts';
import { addSettingsOptions } from '../settings/options.ts';

/** `berth doctor`: what a Hub would find on this machine, with these settings; exit code 1 when it could not run. */
export const doctorCommand: CommandModule = (program, context) => {
  const command = program.command('doctor').description('Say what this machine has and what is missing');
  addSettingsOptions(command).action(async () => {
    const settings = await context.settings(command);
    const { examine, examinationText } = await import('../hub/doctor.ts');
    const findings = await examine(settings, context);
    context.printer.result(findings, () => examinationText(findings));
    if (findings.some(({ status }) => status === 'bad')) context.exitCode = 1;
  });
};
