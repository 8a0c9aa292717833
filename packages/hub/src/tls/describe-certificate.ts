import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { toPlainError } from '@berth/errors';
import type { HubConfig } from '../config.ts';
import { hubPaths } from '../data/paths.ts';
import { readTlsFiles } from './tls-files.ts';

/** The end of the certificate that a Hub with this configuration would show, as far as there is one. */
export async function describeCertificate({
  tls,
  dataRoot,
}: Pick<HubConfig, 'tls' | 'dataRoot'>): Promise<
  { readonly validTo: Date | undefined } | { readonly error: string; readonly hint?: string | undefined }
> {
  if (tls.mode === 'off') return { validTo: undefined };
  const folder = hubPaths(dataRoot).tls;
  const isAuto = tls.mode === 'auto';
  try {
    const { cert } = await readTlsFiles(
      isAuto ? { certPath: join(folder, 'server.crt'), keyPath: join(folder, 'server.key') } : tls,
    );
    return { validTo: new Date(new X509Certificate(cert).validTo) };
  } catch (error) {
    if (isAuto) return { validTo: undefined };
    const { message, hint } = toPlainError(error);
    return { error: message, hint };
  }
}
