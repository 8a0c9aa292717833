import { once } from 'node:events';
import { toPlainError } from '@berth/errors';
import { startHub } from '@berth/hub';
import type { CliContext } from '../context.ts';
import type { EffectiveSettings } from '../settings/settings.ts';
import { hubConfig } from './hub-config.ts';
import { type HubMessage, reportOf } from './report.ts';
import { stopWithSupervisor } from './stop-with-supervisor.ts';
import { terminalReporter } from './terminal.ts';

/** Runs a Hub in this process until the signal, or until its supervisor is gone. */
export async function runHub(settings: EffectiveSettings, context: CliContext): Promise<void> {
  process.title = 'berth-hub';
  const supervisor = process.send === undefined ? undefined : stopWithSupervisor();
  const tell =
    supervisor === undefined
      ? terminalReporter(context)
      : (message: HubMessage) => void process.send?.(message);
  const signal = supervisor === undefined ? context.signal : AbortSignal.any([context.signal, supervisor]);
  try {
    const config = hubConfig(settings, context);
    await using hub = await startHub({ ...config, onProgress: tell }, { signal });
    tell({ type: 'ready', report: await reportOf(hub) });
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
