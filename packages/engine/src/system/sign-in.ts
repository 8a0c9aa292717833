import { type Credentials, type TlsOptions, verifyCredentials } from '@berth/transfer';
import type { CallOptions } from '../interface.ts';

/** How registries are reached; the same for pull, push and sign-in. */
export interface RegistrySettings {
  /** Registry of names without a host. */
  readonly defaultRegistry: string;
  readonly insecureRegistries: readonly string[];
  readonly tls?: TlsOptions | undefined;
}

/** Asks a registry whether it takes these credentials. `registry` as `docker login` sends it: a host, or docker's own URL. */
export async function signIn(
  settings: RegistrySettings,
  options: CallOptions & { readonly registry: string; readonly credentials: Credentials },
): Promise<{ readonly Status: string; readonly IdentityToken: string }> {
  const { registry, credentials, signal } = options;
  await verifyCredentials(registryHost(registry, settings.defaultRegistry), {
    credentials,
    insecure: settings.insecureRegistries,
    tls: settings.tls,
    ...(signal === undefined ? {} : { signal }),
  });
  return { Status: 'Login Succeeded', IdentityToken: '' };
}

export function registryHost(address: string, defaultRegistry: string): string {
  const host = address.replace(/^https?:\/\//i, '').replace(/\/.*$/, '');
  if (host === '') return defaultRegistry;
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}
