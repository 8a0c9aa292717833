import { once } from 'node:events';
import { giveBackMemoryWhenIdle, openEngine, serveEngine } from '@berth/engine';
import { toPlainError } from '@berth/errors';
import type { CliContext } from '../context.ts';
import { stopWithSupervisor } from '../hub/stop-with-supervisor.ts';
import type { EffectiveSettings } from '../settings/settings.ts';
import { engineFolder, engineOptions } from './engine-options.ts';
import { engineText } from './ready-text.ts';
import { type EngineMessage, reportOf } from './report.ts';

/**
 * Runs an engine in this process until the signal, or until its supervisor is gone. Containers run on: they belong to
 * the monitor, and the next engine takes them over.
 */
export async function runEngine(settings: EffectiveSettings, context: CliContext): Promise<void> {
  process.title = 'berth-engine';
  const { printer, language } = context;
  const supervisor = process.send === undefined ? undefined : stopWithSupervisor();
  const tell = (message: EngineMessage) => {
    if (supervisor !== undefined) process.send?.(message);
    else if (message.type === 'ready')
      printer.record(message.report, () => `\n${engineText(message.report, language)}\n`);
  };
  const signal = supervisor === undefined ? context.signal : AbortSignal.any([context.signal, supervisor]);
  const onFault = (error: unknown, what: string) =>
    printer.error({ ...toPlainError(error), message: `${what}: ${toPlainError(error).message}` });
  try {
    const options = engineOptions(settings, context);
    await using engine = await openEngine({ ...options, onFault, signal });
    await using server = await serveEngine(engine, { socketPath: settings.values.socket, signal, onFault });
    const dataFolder = engineFolder(settings.values.dataRoot);
    tell({ type: 'ready', report: await reportOf(engine, { address: server.address, dataFolder }) });
    using _ = giveBackMemoryWhenIdle();
    if (!signal.aborted) await once(signal, 'abort');
  } catch (error) {
    if (signal.aborted) return;
    if (supervisor === undefined) throw error;
    tell({ type: 'failed', error: toPlainError(error) });
    context.exitCode = 1;
  } finally {
    if (process.connected) process.disconnect?.();
  }
}
