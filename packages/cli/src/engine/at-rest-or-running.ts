import { access } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { fromPlainError, hasCode } from '@berth/errors';
import type { EffectiveSettings } from '../settings/settings.ts';
import { engineFolder } from './engine-options.ts';

/** Where an engine has its data, and how it is asked while it runs. */
export type EnginePlace = Pick<EffectiveSettings['values'], 'dataRoot' | 'socket'>;

export interface Asked<T> {
  /** Looks at a data folder that no engine has open. @throws `DATA_ROOT_BUSY` while one has */
  readonly atRest: (dataFolder: string) => Promise<T>;
  /** Path and query of the same for an engine that runs. */
  readonly path: string;
  readonly signal: AbortSignal;
}

/** Looks at the data folder, or asks the engine that has it. @returns `undefined` where there never was an engine */
export async function atRestOrRunning<T>(
  { dataRoot, socket }: EnginePlace,
  { atRest, path, signal }: Asked<T>,
): Promise<{ readonly dataFolder: string; readonly answer: T } | undefined> {
  const dataFolder = engineFolder(dataRoot);
  if (!(await isThere(dataFolder))) return undefined;
  try {
    return { dataFolder, answer: await atRest(dataFolder) };
  } catch (error) {
    if (!hasCode(error) || error.code !== 'DATA_ROOT_BUSY') throw error;
    return { dataFolder, answer: (await askEngine(socket, { path, signal })) as T };
  }
}

async function askEngine(
  socketPath: string,
  options: { readonly path: string; readonly signal: AbortSignal },
): Promise<unknown> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath, ...options }, resolve)
      .on('error', reject)
      .end();
  });
  const answer = (await json(response)) as { readonly message?: string };
  if (response.statusCode === 200) return answer;
  const message = answer.message ?? 'The engine refused';
  throw fromPlainError({ code: 'ENGINE_REFUSED', class: 'unavailable', message });
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
