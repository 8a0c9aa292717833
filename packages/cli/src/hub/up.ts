import { readHubStatus } from '@berth/hub/status';
import type { CliContext } from '../context.ts';
import type { EffectiveSettings } from '../settings/settings.ts';
import { settingsEnvironment } from '../settings/to-environment.ts';
import { superviseHub } from './supervise.ts';
import { terminalReporter } from './terminal.ts';
import { startWords } from './words/words.ts';

/** Starts the Hub unless it runs already. @returns the exit code */
export async function up(settings: EffectiveSettings, context: CliContext): Promise<number> {
  const { printer, language } = context;
  const words = startWords(language);
  const status = await readHubStatus(settings.values.dataRoot);
  if (status.state !== 'stopped') {
    const said =
      status.state === 'running' ? words.alreadyRunning(status.hub.url, status.hub.pid) : words.starting;
    printer.result(status, () => said);
    return 0;
  }
  const code = await superviseHub({
    entry: context.entry,
    env: settingsEnvironment(settings, context.env),
    signal: context.signal,
    onMessage: terminalReporter(context),
    onRestart: (how, waitMs) => {
      const reason = 'signal' in how ? words.killed(how.signal) : words.ended(how.code);
      printer.note(`berth: ${words.restarting(reason, waitMs / 1000)}`);
    },
  });
  if (code === 0) printer.note(words.stopped);
  return code;
}
