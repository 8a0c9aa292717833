import { type CheckOptions, checkEngineFiles, type EngineProblem } from '@berth/engine';
import { atRestOrRunning, type EnginePlace } from './at-rest-or-running.ts';

export interface EngineCheck {
  readonly dataFolder: string;
  readonly problems: readonly EngineProblem[];
}

/** Asks the engine that runs, or looks at its data folder. @returns `undefined` where there never was an engine */
export async function checkEngineData(
  place: EnginePlace,
  options: CheckOptions & { readonly signal: AbortSignal },
): Promise<EngineCheck | undefined> {
  const { deep = false, repair = false, signal } = options;
  const found = await atRestOrRunning(place, {
    atRest: (dataFolder) => checkEngineFiles(dataFolder, options),
    path: `/berth/check?${new URLSearchParams({ deep: String(deep), repair: String(repair) })}`,
    signal,
  });
  return found === undefined ? undefined : { dataFolder: found.dataFolder, problems: found.answer };
}
