/** A registry under measurement, and how a client may use it. */
export interface Contender {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Process that serves, for its memory. */
  readonly pid: number;
  /** A repository that the headers may push to and pull from. */
  readonly repository: string;
  /** Headers of a client that is signed in; empty where the registry knows no accounts. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The Hub and Debian's docker-registry, on one machine, with their files on one disk. */
export interface Contenders {
  readonly ours: Contender;
  readonly peer: Contender;
  /** What a client gets for our repository without an account: it is public. */
  readonly anonymous: Readonly<Record<string, string>>;
}

/** How much is measured. */
export interface RegistrySize {
  /** Pairs of measurements; the median counts. */
  readonly rounds: number;
  readonly manifestSeconds: number;
  readonly connections: number;
  readonly blobBytes: number;
  /** A virtual disk may take only so much over some seconds: each push finds one that has rested. */
  readonly restSeconds: number;
  /** Downloads at once, and after how long those that still run are cut. */
  readonly downloads: number;
  readonly downloadSeconds: number;
}

export const FULL_SIZE: RegistrySize = {
  rounds: 5,
  manifestSeconds: 5,
  connections: 32,
  blobBytes: 256 * 1024 * 1024,
  restSeconds: 3,
  downloads: 200,
  downloadSeconds: 10,
};
