import { resolve } from 'node:path';
import { type HubConfig, parseListenAddress, stepHook, type TlsConfig } from '@berth/hub';
import { CliError } from '../errors.ts';
import type { EffectiveSettings } from '../settings/settings.ts';
import { VERSION } from '../version.ts';

export interface HubConfigOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** The settings as the Hub takes them. @throws {CliError} `SETTING_INVALID`; {HubError} `ADDRESS_INVALID` */
export function hubConfig({ values }: EffectiveSettings, { env, cwd }: HubConfigOptions): HubConfig {
  const onStep = stepHook(env);
  const { adminUser, adminPassword } = values;
  return {
    version: VERSION,
    dataRoot: values.dataRoot,
    address: parseListenAddress(values.hubAddr),
    tls: tlsConfig(values, cwd),
    trustedProxies: values.trustedProxies,
    allowInsecureHttp: values.insecureHttp,
    signUp: values.signUp,
    defaultPrivacy: values.defaultPrivacy,
    ...(values.hubUrl === undefined ? {} : { url: values.hubUrl.replace(/\/$/, '') }),
    ...(values.hubUser === undefined ? {} : { user: values.hubUser }),
    ...(adminUser === undefined || adminPassword === undefined
      ? {}
      : { admin: { username: adminUser, password: adminPassword } }),
    ...(onStep === undefined ? {} : { onStep }),
  };
}

function tlsConfig(values: EffectiveSettings['values'], cwd: string): TlsConfig {
  const { tls, tlsCert, tlsKey } = values;
  if (tls === 'auto') return { mode: 'auto' };
  if (tls === 'off' && tlsCert === undefined && tlsKey === undefined) return { mode: 'off' };
  const [cert, key] = tls.includes(',') ? tls.split(',') : [tlsCert, tlsKey];
  if (cert !== undefined && key !== undefined) {
    return { mode: 'files', certPath: resolve(cwd, cert), keyPath: resolve(cwd, key) };
  }
  const missing = cert === undefined ? 'tlsCert' : 'tlsKey';
  throw new CliError('SETTING_INVALID', `Cannot use TLS files: ${missing} is not set`, {
    hint: 'Set BERTH_TLS_CERT and BERTH_TLS_KEY, or BERTH_TLS=auto for a local authority',
  });
}
