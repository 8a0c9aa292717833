import { access } from 'node:fs/promises';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { type CheckOptions, checkEngineFiles, type EngineProblem } from '@berth/engine';
import { fromPlainError, hasCode } from '@berth/errors';
import type { EffectiveSettings } from '../settings/settings.ts';
import { engineFolder } from './engine-options.ts';

export interface EngineCheck {
  readonly dataFolder: string;
  readonly problems: readonly EngineProblem[];
}

/** Asks the engine that runs, or looks at its data folder. @returns `undefined` where there never was an engine */
export async function checkEngineData(
  values: Pick<EffectiveSettings['values'], 'dataRoot' | 'socket'>,
  options: CheckOptions,
): Promise<EngineCheck | undefined> {
  const dataFolder = engineFolder(values.dataRoot);
  if (!(await isThere(dataFolder))) return undefined;
  try {
    return { dataFolder, problems: await checkEngineFiles(dataFolder, options) };
  } catch (error) {
    if (!hasCode(error) || error.code !== 'DATA_ROOT_BUSY') throw error;
    return { dataFolder, problems: await askEngine(values.socket, options) };
  }
}

async function askEngine(socketPath: string, options: CheckOptions): Promise<readonly EngineProblem[]> {
  const query = new URLSearchParams({
    deep: String(options.deep === true),
    repair: String(options.repair === true),
  });
  const { signal } = options;
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request(
      { socketPath, path: `/berth/check?${query}`, ...(signal === undefined ? {} : { signal }) },
      resolve,
    )
      .on('error', reject)
      .end();
  });
  const answer = (await json(response)) as readonly EngineProblem[] & { readonly message?: string };
  if (response.statusCode === 200) return answer;
  throw fromPlainError({
    code: 'ENGINE_REFUSED',
    class: 'unavailable',
    message: answer.message ?? 'The engine refused',
  });
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}
