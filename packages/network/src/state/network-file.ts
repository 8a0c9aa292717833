import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { NetworkError } from '../errors.ts';
import { readIfThere, writeDurably } from './durable-file.ts';

/** What is kept of the networks themselves for as long as the data folder lives: `<stateRoot>/networks.json`. */
export interface NetworkFile {
  readonly version: 1;
  readonly createdAt: string;
  readonly ids: { readonly bridge: string; readonly host: string; readonly none: string };
  /** The bridge's, as it was chosen; chosen anew when a route of the machine has come to overlap it. */
  readonly subnet: string | undefined;
}

/** Reads it, or makes it with new ids. @throws {NetworkError} `STATE_INVALID` */
export async function openNetworkFile(stateRoot: string): Promise<NetworkFile> {
  const path = pathOf(stateRoot);
  const text = await readIfThere(path);
  if (text !== undefined) return parse(path, text);
  const id = () => randomBytes(32).toString('hex');
  const made: NetworkFile = {
    version: 1,
    createdAt: new Date().toISOString(),
    ids: { bridge: id(), host: id(), none: id() },
    subnet: undefined,
  };
  await saveNetworkFile(stateRoot, made);
  return made;
}

export async function saveNetworkFile(stateRoot: string, file: NetworkFile): Promise<void> {
  await writeDurably(pathOf(stateRoot), `${JSON.stringify(file, undefined, 2)}\n`);
}

function pathOf(stateRoot: string): string {
  return join(stateRoot, 'networks.json');
}

function parse(path: string, text: string): NetworkFile {
  let value: Partial<NetworkFile> | undefined;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const ids = value?.ids;
  const isId = (id: unknown) => typeof id === 'string' && /^[0-9a-f]{64}$/.test(id);
  const isSubnet = value?.subnet === undefined || typeof value.subnet === 'string';
  if (value?.version === 1 && isSubnet && isId(ids?.bridge) && isId(ids?.host) && isId(ids?.none))
    return value as NetworkFile;
  throw new NetworkError(
    'STATE_INVALID',
    `Cannot read the networks in "${path}": expected version 1 with three ids`,
    {
      hint: 'Made by a newer Berth, or damaged: move the file away, and networks get new ids',
    },
  );
}
