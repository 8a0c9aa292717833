import type { CliContext } from '../context.ts';
import { usableClients } from './clients.ts';
import { readyText, stepLine } from './first-run.ts';
import type { HubMessage } from './report.ts';

/** Puts what a Hub tells into words on this terminal; with `--format json` the report is the answer. */
export function terminalReporter(context: CliContext): (message: HubMessage) => void {
  const { printer, language, env, cwd } = context;
  return (message) => {
    if (message.type === 'step') printer.note(stepLine(message.step, { ms: message.ms, language }));
    else if (message.type === 'warning') printer.note(`berth: ${message.message}`);
    else if (message.type === 'failed') printer.error(message.error);
    else {
      const clients = usableClients(env);
      printer.record(message.report, () => readyText(message.report, { language, clients, folder: cwd }));
    }
  };
}
