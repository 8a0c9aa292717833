import { readHubStatus } from '@berth/hub/status';
import type { CliContext } from '../context.ts';
import { installPackages } from '../engine/install-packages.ts';
import type { EngineMessage } from '../engine/report.ts';
import { type EngineObstacle, engineObstacle, obstacleError } from '../engine/requirements.ts';
import type { EffectiveSettings } from '../settings/settings.ts';
import { settingsEnvironment } from '../settings/to-environment.ts';
import type { HubMessage } from './report.ts';
import { StartReport } from './start-report.ts';
import { type HowItEnded, supervise } from './supervise.ts';
import { startWords } from './words/words.ts';

/** Starts Hub and engine unless they run already. @returns the exit code */
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
  const withEngine = await prepareEngine(settings, context);
  const report = new StartReport(context, { withEngine });
  const code = await superviseBoth({ settings, context, report, withEngine });
  if (code === 0) printer.note(words.stopped);
  return code;
}

/**
 * Whether an engine is to be started. What it lacks is installed first, where that is allowed; otherwise one line says what
 * it lacks. @throws {CliError} `ENGINE_UNSUPPORTED`, `INSTALL_FAILED` when the engine is asked for
 */
async function prepareEngine({ values }: EffectiveSettings, context: CliContext): Promise<boolean> {
  if (values.engine === 'off') return false;
  const { env, printer, signal } = context;
  const words = startWords(context.language).engine;
  const look = () => engineObstacle({ env, runtime: values.runtime });
  let obstacle = look();
  try {
    if (obstacle?.kind === 'program' && values.install) {
      const onPlan = (packages: readonly string[], size: string) =>
        printer.note(`berth: ${words.installing(packages.join(', '), size)}`);
      await installPackages(obstacle.packages, { env, signal, onPlan });
      obstacle = look();
    }
  } catch (error) {
    if (values.engine === 'on' || signal.aborted) throw error;
    printer.note(`berth: ${(error as Error).message}`);
  }
  if (obstacle === undefined) return true;
  if (values.engine === 'on') throw obstacleError(obstacle);
  printer.note(`berth: ${words.absent(reasonOf(obstacle, words.why))}`);
  return false;
}

function reasonOf(obstacle: EngineObstacle, why: ReturnType<typeof startWords>['engine']['why']): string {
  if (obstacle.kind === 'system') return why.system(obstacle.platform);
  if (obstacle.kind === 'not-root') return why.notRoot;
  return why.program(obstacle.program, obstacle.packages.join(' '));
}

/** The end of the Hub is the end of both; an engine that fails leaves the Hub running, unless it was asked for. */
async function superviseBoth(options: {
  readonly settings: EffectiveSettings;
  readonly context: CliContext;
  readonly report: StartReport;
  readonly withEngine: boolean;
}): Promise<number> {
  const { settings, context, report, withEngine } = options;
  const { printer, language, entry } = context;
  const words = startWords(language);
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const env = settingsEnvironment(settings, context.env);
  const onRestart = (which: 'hub' | 'engine') => (how: HowItEnded, waitMs: number) => {
    const reason = 'signal' in how ? words.killed(how.signal) : words.ended(how.code);
    printer.note(`berth: ${words.restarting(which, reason, waitMs / 1000)}`);
  };
  const hub = supervise<HubMessage>({
    ...{ entry, env, signal, command: 'hub' as const, onRestart: onRestart('hub') },
    onMessage: (message) => report.hub(message),
  }).finally(() => stop.abort());
  const engine = withEngine
    ? supervise<EngineMessage>({
        ...{ entry, env, signal, command: 'engine' as const, onRestart: onRestart('engine') },
        onMessage: (message) => report.engine(message),
      }).then((code) => {
        if (code !== 0 && settings.values.engine === 'on') stop.abort();
        return settings.values.engine === 'on' ? code : 0;
      })
    : Promise.resolve(0);
  const [hubEnd, engineEnd] = await Promise.allSettled([hub, engine]);
  if (hubEnd.status === 'rejected') throw hubEnd.reason;
  if (engineEnd.status === 'rejected') throw engineEnd.reason;
  return hubEnd.value === 0 ? engineEnd.value : hubEnd.value;
}
