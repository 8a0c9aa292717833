import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export const CLIENTS = ['docker', 'podman', 'skopeo'] as const;
export type Client = (typeof CLIENTS)[number];

/** Which of the clients that speak to registries this user could run. */
export function installedClients(path: string | undefined): Client[] {
  const folders = (path ?? '').split(delimiter).filter((folder) => folder !== '');
  return CLIENTS.filter((client) => folders.some((folder) => isExecutable(join(folder, client))));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
