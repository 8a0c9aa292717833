import { linuxProbes } from '@berth/engine';
import type { CliContext } from '../context.ts';
import type { Finding } from '../hub/finding.ts';
import type { EffectiveSettings } from '../settings/settings.ts';
import { engineObstacle, obstacleError } from './requirements.ts';

/** What an engine would find here. Nothing of it is bad for a Hub, unless the engine is asked for. */
export async function engineFindings(settings: EffectiveSettings, context: CliContext): Promise<Finding[]> {
  const { engine, runtime } = settings.values;
  if (engine === 'off') return [{ about: 'Engine', status: 'good', text: 'off' }];
  const fault = engine === 'on' ? 'bad' : 'note';
  const obstacle = engineObstacle({ env: context.env, runtime });
  if (obstacle !== undefined) {
    const { message, hint } = obstacleError(obstacle);
    const finding = {
      about: 'Engine',
      status: fault,
      text: message,
      ...(hint === undefined ? {} : { hint }),
    } as const;
    if (obstacle.kind !== 'program') return [finding];
    return [finding, ...(await probeFindings(fault))];
  }
  return [{ about: 'Engine', status: 'good', text: 'can run here' }, ...(await probeFindings(fault))];
}

async function probeFindings(fault: 'bad' | 'note'): Promise<Finding[]> {
  return (await linuxProbes()).map((probe) => {
    const about = `  ${probe.name}`;
    if (probe.ok) return { about, status: 'good', text: probe.evidence };
    return { about, status: fault, text: `${probe.cause}: ${probe.evidence}`, hint: probe.fix };
  });
}
