import { readFile } from 'node:fs/promises';
import type { Reference } from '@berth/oci';
import { type Credentials, openRemote, type Remote } from '@berth/transfer';
import type { ImagesDeps } from './deps.ts';

/**
 * The repository of a reference, by the engine's settings: plain HTTP to loopback and where it is allowed, the
 * authority that was named. The caller closes it.
 *
 * @throws Node's error when the authority's file cannot be read
 */
export async function openRepository(
  deps: Pick<ImagesDeps, 'insecureRegistries' | 'registryCa' | 'version'>,
  { registry, repository }: Reference,
  options: { readonly access: 'pull' | 'push'; readonly credentials?: Credentials | undefined },
): Promise<Remote> {
  const { insecureRegistries, registryCa, version = '0.1.0' } = deps;
  return openRemote({
    registry,
    repository,
    access: options.access,
    credentials: options.credentials,
    ...(insecureRegistries === undefined ? {} : { insecure: insecureRegistries }),
    ...(registryCa === undefined ? {} : { tls: { ca: [await readFile(registryCa, 'utf8')] } }),
    userAgent: `berth-engine/${version} (linux; ${process.arch})`,
  });
}
