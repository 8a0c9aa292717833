import type { VerbCall } from './interface.ts';

export interface RegistryAuth {
  readonly headers: Readonly<Record<string, string>>;
  /** `docker.io/library/debian:12`. */
  readonly fullName: string;
}

/**
 * The login for an image's registry as the engine takes it, and the image's name with all its parts. Only pull and push come here: logins
 * need the registry client.
 */
export async function registryAuth({ context, flags }: VerbCall, name: string): Promise<RegistryAuth> {
  const { formatReference, parseReference } = await import('@berth/oci');
  const { openCredentialStore } = await import('@berth/transfer');
  const config = flags.text('config');
  const settings = await context.settings({
    optsWithGlobals: <T extends object>() => (config === undefined ? {} : { config }) as T,
  });
  const reference = parseReference(name, { defaultRegistry: settings.values.defaultRegistry });
  const { env, signal } = context;
  const logins = openCredentialStore({ env, home: env.HOME ?? '/' });
  const { registry, repository } = reference;
  const found = await logins.get(registry, { repository, signal });
  const auth =
    found === undefined
      ? {}
      : {
          username: found.username,
          password: found.password,
          serveraddress: registry,
          ...(found.identityToken === undefined ? {} : { identitytoken: found.identityToken }),
        };
  const text = Buffer.from(JSON.stringify(auth)).toString('base64url');
  return { headers: { 'x-registry-auth': text }, fullName: formatReference(reference) };
}
