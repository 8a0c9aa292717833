import { join } from 'node:path';
import type { CallOptions } from '../interface.ts';
import type { Credentials } from '../remote/tokens.ts';
import {
  type AuthEntry,
  type ConfigFile,
  changeConfigFile,
  credentialsOf,
  entryOf,
  readConfigFile,
} from './config-file.ts';
import { helperErase, helperGet, helperStore } from './helper.ts';

/**
 * The logins of the user, shared with docker and podman.
 *
 * Read, first hit wins: `$REGISTRY_AUTH_FILE`, docker's `config.json` (`$DOCKER_CONFIG` or `~/.docker`), podman's
 * `auth.json` (`$XDG_RUNTIME_DIR/containers`, `~/.config/containers`). Written: `$REGISTRY_AUTH_FILE` where it is
 * set, else docker's. Helpers named there are asked and told.
 */
export interface CredentialStore {
  /** Where `set` writes. */
  readonly path: string;
  /** The login for a registry; podman's files may have one per namespace, the longest fit wins. */
  get(
    registry: string,
    options?: CallOptions & { readonly repository?: string },
  ): Promise<Credentials | undefined>;
  set(registry: string, credentials: Credentials, options?: CallOptions): Promise<void>;
  /** @returns false where there was none */
  remove(registry: string, options?: CallOptions): Promise<boolean>;
}

export interface OpenCredentialStoreOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
}

/** The key under which docker keeps its own Hub. */
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';

export function openCredentialStore({ env, home }: OpenCredentialStoreOptions): CredentialStore {
  const docker = join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json');
  const podman = [
    ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'containers/auth.json')] : []),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers/auth.json'),
  ];
  const chosen = env.REGISTRY_AUTH_FILE ? [env.REGISTRY_AUTH_FILE] : [];
  const target = chosen[0] ?? docker;
  return {
    path: target,
    async get(registry, { repository, signal } = {}) {
      for (const path of [...chosen, docker, ...podman]) {
        const found = await lookUp(await readConfigFile(path), { registry, repository, path, env, signal });
        if (found !== undefined) return found;
      }
      return undefined;
    },
    async set(registry, credentials, { signal } = {}) {
      const key = keyFor(registry);
      const helper = helperFor(await readConfigFile(target), registry);
      if (helper !== undefined) await helperStore(helper, key, { env, signal, credentials });
      const entry = helper === undefined ? entryOf(credentials) : {};
      const change = (config: ConfigFile) => ({
        ...config,
        auths: { ...withoutKeys(config, registry), [key]: entry },
      });
      await changeConfigFile(target, change, { signal });
    },
    async remove(registry, { signal } = {}) {
      let wasThere = false;
      for (const path of [...chosen, docker, ...podman]) {
        const config = await readConfigFile(path);
        const helper = helperFor(config, registry);
        const isListed = keysOf(config, registry).length > 0;
        if (
          helper !== undefined &&
          (await helperGet(helper, keyFor(registry), { env, signal })) !== undefined
        ) {
          await helperErase(helper, keyFor(registry), { env, signal });
          wasThere = true;
        }
        if (!isListed) continue;
        wasThere = true;
        await changeConfigFile(path, (now) => ({ ...now, auths: withoutKeys(now, registry) }), { signal });
      }
      return wasThere;
    },
  };
}

interface Wanted {
  readonly registry: string;
  readonly repository: string | undefined;
  readonly path: string;
  readonly env: OpenCredentialStoreOptions['env'];
  readonly signal: AbortSignal | undefined;
}

async function lookUp(config: ConfigFile, wanted: Wanted): Promise<Credentials | undefined> {
  const { registry, repository, path, env, signal } = wanted;
  const helper = helperFor(config, registry);
  if (helper !== undefined) {
    const found = await helperGet(helper, keyFor(registry), { env, signal });
    if (found !== undefined) return found;
  }
  // "host/team/app", "host/team", "host"
  const segments = repository === undefined ? [] : repository.split('/');
  for (let count = segments.length; count > 0; count -= 1) {
    const entry = config.auths?.[[registry, ...segments.slice(0, count)].join('/')];
    const found = entry === undefined ? undefined : credentialsOf(entry, path);
    if (found !== undefined) return found;
  }
  for (const key of keysOf(config, registry)) {
    const found = credentialsOf((config.auths as Record<string, AuthEntry>)[key] ?? {}, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

function keyFor(registry: string): string {
  return registry === 'docker.io' ? DOCKER_HUB_KEY : registry;
}

function helperFor(config: ConfigFile, registry: string): string | undefined {
  const helpers = config.credHelpers ?? {};
  return helpers[registry] ?? helpers[keyFor(registry)] ?? (config.credsStore || undefined);
}

/** The keys that mean this registry, in all spellings: `host`, `https://host`, `https://host/v1/`. */
function keysOf(config: ConfigFile, registry: string): readonly string[] {
  return Object.keys(config.auths ?? {}).filter((key) => hostOfKey(key) === registry);
}

function withoutKeys(config: ConfigFile, registry: string): Record<string, AuthEntry> {
  const gone = new Set(keysOf(config, registry));
  return Object.fromEntries(Object.entries(config.auths ?? {}).filter(([key]) => !gone.has(key)));
}

function hostOfKey(key: string): string {
  const host = key.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '');
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}
