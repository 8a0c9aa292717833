import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export const CLIENTS = ['docker', 'podman', 'skopeo'] as const;
export type Client = (typeof CLIENTS)[number];

type Environment = Readonly<Record<string, string | undefined>>;

const DOCKER_SOCKET = '/var/run/docker.sock';

/** Which of the clients that speak to registries would work for this user; docker needs its daemon too. */
export function usableClients(env: Environment): Client[] {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const isInstalled = (client: Client) => folders.some((folder) => may(join(folder, client), constants.X_OK));
  const hasDaemon = Boolean(env.DOCKER_HOST) || may(DOCKER_SOCKET, constants.W_OK);
  return CLIENTS.filter((client) => isInstalled(client) && (client !== 'docker' || hasDaemon));
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
