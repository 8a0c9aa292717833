import type { ListenAddress } from './listener/address.ts';

export type TlsConfig =
  | { readonly mode: 'off' }
  /** A local authority made once; the server's certificate is made from it and renewed in time. */
  | { readonly mode: 'auto' }
  | { readonly mode: 'files'; readonly certPath: string; readonly keyPath: string };

/** Everything that rules a Hub. No environment variable is read below this. */
export interface HubConfig {
  readonly version: string;
  /** The Hub's own part of it is `<dataRoot>/hub`. */
  readonly dataRoot: string;
  readonly address: ListenAddress;
  /** What others call the Hub, `https://hub.example.org`; wins over every header. */
  readonly url?: string;
  readonly tls: TlsConfig;
  /** Addresses and networks in CIDR form. */
  readonly trustedProxies: readonly string[];
  /** Listen beyond loopback without TLS. */
  readonly allowInsecureHttp: boolean;
  /** Who the process becomes when it is root: a name, `uid`, or `uid:gid`. */
  readonly user?: string;
  /** Made when there is no account yet. */
  readonly admin?: { readonly username: string; readonly password: string };
  readonly signUp: 'open' | 'closed';
  readonly defaultPrivacy: 'public' | 'private';
  readonly onProgress?: (progress: HubProgress) => void;
  /** Called at every durable step; for crash tests and traces. */
  readonly onStep?: (step: string) => void;
}

export type StartStep = 'data' | 'tls' | 'databases' | 'pages' | 'listen' | 'hello';

export type HubProgress =
  | { readonly type: 'step'; readonly step: StartStep; readonly ms: number }
  /** Something that does not stop the Hub and that its owner should know. */
  | { readonly type: 'warning'; readonly message: string };
