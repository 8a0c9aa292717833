import { hubPaths, isDataFolderLocked, readRunning } from '@berth/hub';
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
  const paths = hubPaths(settings.values.dataRoot);
  if (isDataFolderLocked(paths)) {
    const running = await readRunning(paths);
    printer.result({ alreadyRunning: running ?? true }, () =>
      running === undefined ? words.starting : words.alreadyRunning(running.url, running.pid),
    );
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
