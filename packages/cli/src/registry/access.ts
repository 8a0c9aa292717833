import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { isRegistryHost, type ParseReferenceOptions, parseReference, type Reference } from '@berth/oci';
import {
  type CredentialStore,
  defaultStateFolder,
  isLoopback,
  type Location,
  type OpenLocationOptions,
  openCredentialStore,
  parseLocation,
} from '@berth/transfer';
import type { Command } from 'commander';
import type { CliContext, FlagSource } from '../context.ts';
import { CliError } from '../errors.ts';
import { addSettingsOptions } from '../settings/options.ts';
import type { EffectiveSettings } from '../settings/settings.ts';
import { VERSION } from '../version.ts';

/** What a command that speaks to registries needs. */
export interface RegistryAccess {
  readonly settings: EffectiveSettings;
  readonly logins: CredentialStore;
  /** For `openRemote`, `openSource`, `openSink`, `callHub`. */
  readonly options: OpenLocationOptions & { readonly signal: AbortSignal };
  parseReference(text: string): Reference;
  /** Paths are meant from the folder the command runs in. */
  parseLocation(text: string): Location;
}

/** The flags that go with `openAccess`. */
export function addRegistryOptions(command: Command): Command {
  return addSettingsOptions(command, ['registryCa', 'insecureRegistries']).option(
    '--plain-http',
    'Speak plain HTTP with registries beyond loopback too',
  );
}

export async function openAccess(context: CliContext, command: FlagSource): Promise<RegistryAccess> {
  const settings = await context.settings(command);
  const { registryCa, insecureRegistries, defaultRegistry } = settings.values;
  const isPlain = command.optsWithGlobals<{ plainHttp?: boolean }>().plainHttp === true;
  const ca = registryCa === undefined ? [] : [await readAuthority(resolve(context.cwd, registryCa))];
  const logins = openCredentialStore({ env: context.env, home: context.env.HOME || homedir() });
  const parsing: ParseReferenceOptions = { defaultRegistry };
  return {
    settings,
    logins,
    options: {
      tls: { ca },
      insecure: isPlain ? true : insecureRegistries,
      userAgent: `berth/${VERSION}`,
      journalFolder: join(defaultStateFolder(context.env), 'uploads'),
      credentials: (registry, repository) => logins.get(registry, { repository, signal: context.signal }),
      signal: context.signal,
    },
    parseReference: (text) => parseReference(text.replace(/^docker:\/\//, ''), parsing),
    parseLocation: (text) => {
      const location = parseLocation(text, parsing);
      return location.kind === 'registry'
        ? location
        : { ...location, path: resolve(context.cwd, location.path) };
    },
  };
}

async function readAuthority(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CliError('SETTING_INVALID', `Cannot read "${path}" as registryCa`, {
      cause,
      hint: 'Check BERTH_REGISTRY_CA or --registry-ca: it names a PEM file that this user may read',
    });
  }
}

/** The registry that belongs to this machine's settings: the Hub as its first-run lines call it. */
export function hubRegistry({ values }: EffectiveSettings): string {
  if (values.hubUrl !== undefined) return new URL(values.hubUrl).host;
  const port = values.hubAddr.slice(values.hubAddr.lastIndexOf(':') + 1);
  const isHere = isLoopback(values.hubAddr) || /^(0\.0\.0\.0|\[::\]):/.test(values.hubAddr);
  return isHere ? `localhost:${port}` : values.hubAddr;
}

/** A registry as users type it: with a scheme, with a slash at the end, Docker's long name for its Hub. */
export function registryName(text: string): string {
  const host = text.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '');
  if (/^(index\.|registry-1\.|hub\.)?docker\.(io|com)$/.test(host)) return 'docker.io';
  if (isRegistryHost(host)) return host;
  throw new CliError('USAGE', `Cannot use "${text}" as a registry`, {
    hint: 'Give host or host:port, for instance localhost:5000',
  });
}
