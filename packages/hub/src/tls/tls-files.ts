import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { HubError } from '../errors.ts';
import type { Pem } from './authority.ts';

export interface TlsFiles {
  readonly certPath: string;
  readonly keyPath: string;
}

/** Reads a certificate chain and its key, and makes sure that they belong together. @throws {HubError} `TLS_FILES_INVALID` */
export async function readTlsFiles({ certPath, keyPath }: TlsFiles): Promise<Pem> {
  const [cert, key] = await Promise.all([readOr(certPath), readOr(keyPath)]);
  let isPair: boolean;
  try {
    isPair = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw invalid(
      `Cannot use certificate "${certPath}" with key "${keyPath}": ${(cause as Error).message}`,
      cause,
    );
  }
  if (!isPair) throw invalid(`Cannot use certificate "${certPath}": key "${keyPath}" belongs to another one`);
  return { cert, key };
}

async function readOr(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw invalid(`Cannot read "${path}": ${(cause as Error).message}`, cause);
  }
}

function invalid(message: string, cause?: unknown): HubError {
  return new HubError('TLS_FILES_INVALID', message, {
    hint: 'BERTH_TLS_CERT and BERTH_TLS_KEY name PEM files: the chain with the server first, and its key',
    ...(cause === undefined ? {} : { cause }),
  });
}
