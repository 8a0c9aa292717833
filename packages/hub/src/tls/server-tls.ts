import { unwatchFile, watchFile } from 'node:fs';
import { hostname } from 'node:os';
import type { TlsConfig } from '../config.ts';
import type { ListenAddress } from '../listener/address.ts';
import { ownNames } from '../listener/base-url.ts';
import type { Pem } from './authority.ts';
import { localCertificate } from './local-authority.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';

const LOOK_EVERY_MS = 2000;
const RENEW_EVERY_MS = 12 * 3600 * 1000;

export interface ServerTls {
  readonly initial: Pem;
  /** Of `auto` alone: what clients have to trust. */
  readonly authorityPath?: string;
  /** Tells of every later pair, until disposed. A pair that cannot be used is told as an error; the old one stays. */
  watch(options: {
    readonly onPair: (pair: Pem) => void;
    readonly onError: (error: unknown) => void;
  }): Disposable;
}

export interface ServerTlsOptions {
  readonly config: TlsConfig;
  /** Where `auto` keeps its authority. */
  readonly folder: string;
  /** Where everybody may read the certificate of that authority. */
  readonly authorityPath: string;
  readonly url?: string | undefined;
  readonly address: ListenAddress;
}

/** @returns `undefined` with TLS off */
export async function openServerTls({
  config,
  folder,
  authorityPath,
  url,
  address,
}: ServerTlsOptions): Promise<ServerTls | undefined> {
  if (config.mode === 'off') return undefined;
  if (config.mode === 'files')
    return { initial: await readTlsFiles(config), watch: (on) => watchFiles(config, on) };
  const names = [
    ...new Set([...ownNames({ url, address }), hostname().toLowerCase(), 'localhost', '127.0.0.1', '::1']),
  ];
  const make = () => localCertificate(folder, { names, authorityPath });
  const initial = await make();
  return {
    initial,
    authorityPath,
    watch: ({ onPair, onError }) => {
      const timer = setInterval(() => void make().then(onPair).catch(onError), RENEW_EVERY_MS);
      timer.unref();
      return { [Symbol.dispose]: () => clearInterval(timer) };
    },
  };
}

type WatchOptions = Parameters<ServerTls['watch']>[0];

/** By looking, not by inotify: certificate tools replace files, links to them, and folders above them. */
function watchFiles(files: TlsFiles, { onPair, onError }: WatchOptions): Disposable {
  const look = () => void readTlsFiles(files).then(onPair).catch(onError);
  const paths = [files.certPath, files.keyPath];
  for (const path of paths) watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, look);
  return {
    [Symbol.dispose]: () => {
      for (const path of paths) unwatchFile(path, look);
    },
  };
}
