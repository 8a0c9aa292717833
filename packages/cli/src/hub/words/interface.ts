import type { StartStep } from '@berth/hub';

/** Everything that a start says to people. One file per language, each written for its readers, none translated. */
export interface StartWords {
  readonly steps: Readonly<Record<StartStep, string>>;
  readonly seconds: (text: string) => string;
  readonly address: string;
  readonly setup: string;
  readonly setupOnce: string;
  readonly dataFolder: string;
  readonly free: (size: string) => string;
  readonly runsAs: (user: string) => string;
  readonly trust: string;
  readonly tryIn: (folder: string) => string;
  readonly push: string;
  readonly engine: {
    readonly name: string;
    readonly storage: string;
    readonly images: string;
    /** Of `set`, `found`, `best`. */
    readonly reason: (reason: string) => string;
    readonly running: (containers: number) => string;
    /** One line for a Hub that runs alone. */
    readonly absent: (why: string) => string;
    readonly why: {
      readonly system: (platform: string) => string;
      readonly notRoot: string;
      readonly program: (program: string, packages: string) => string;
    };
    readonly installing: (packages: string, size: string) => string;
    readonly run: string;
  };
  readonly stop: string;
  readonly stopWithEngine: string;
  readonly stopped: string;
  readonly alreadyRunning: (url: string, pid: number) => string;
  readonly starting: string;
  readonly restarting: (which: 'hub' | 'engine', reason: string, seconds: number) => string;
  readonly killed: (signal: string) => string;
  readonly ended: (code: number) => string;
}
