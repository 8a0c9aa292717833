import { join, resolve } from 'node:path';
import type { OpenEngineOptions } from '@berth/engine';
import type { EffectiveSettings } from '../settings/settings.ts';
import { VERSION } from '../version.ts';

/** The engine's part of the data root: beside the Hub's, of root alone. */
export function engineFolder(dataRoot: string): string {
  return join(dataRoot, 'engine');
}

/** The settings as the engine takes them. */
export function engineOptions(
  { values }: EffectiveSettings,
  options: { readonly cwd: string },
): OpenEngineOptions {
  const { storageDriver, runtime, bridgeSubnet, registryCa } = values;
  return {
    version: VERSION,
    dataRoot: engineFolder(values.dataRoot),
    runRoot: values.runRoot,
    defaultRegistry: values.defaultRegistry,
    insecureRegistries: values.insecureRegistries,
    ...(storageDriver === undefined ? {} : { storageDriver }),
    storageOptions: optionsOf(values.storageOptions),
    ...(runtime === undefined ? {} : { runtime }),
    ...(bridgeSubnet === undefined ? {} : { bridgeSubnet }),
    ...(registryCa === undefined ? {} : { registryCa: resolve(options.cwd, registryCa) }),
  };
}

/** `dm.fs=xfs` → `{ 'dm.fs': 'xfs' }`; of two with one name the last counts. */
function optionsOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
