import type { AttachedStreams } from '@berth/monitor';
import type { NetworkInfo, Sandbox } from '@berth/network';
import { type ContainerSettings, type ContainerState, isActive } from './model.ts';
import { Mutex } from './mutex.ts';

export interface StopResult {
  readonly exitCode: number;
  readonly error?: string;
}

/** How a container that somebody waits for came to its end. */
type Ending = 'stopped' | 'removed';

interface Waiter {
  readonly until: Ending;
  readonly resolve: (result: StopResult) => void;
}

/** One container, in memory. Whoever changes it holds `mutex`; reading needs none. */
export class Container {
  readonly id: string;
  readonly createdAt: Date;
  /** Without slash. */
  name: string;
  settings: ContainerSettings;
  state: ContainerState;
  /** Being removed: it is there no more for those who change it, and still there for those who look. */
  isLeaving = false;
  /** It was removed: whoever waited for the mutex finds nothing left to do. */
  isGone = false;
  /** What it has while it is started. */
  sandbox: Sandbox | undefined;
  network: NetworkInfo | undefined;
  rootfs: string | undefined;
  readonly execIds = new Set<string>();
  readonly mutex = new Mutex();
  /** Fired to stop the wait before the next run of a restart policy. */
  restartWait: AbortController | undefined;
  /** Set by stop and kill: the next exit is the last one, whatever the restart policy says. */
  endsOnNextExit = false;
  /** Being stopped and started by one call: `--rm` does not remove it in between. */
  isRestartedByHand = false;
  /** Restarts in a row after short runs: how long the next one waits. */
  restartStreak = 0;
  /** Those who attached before it runs. */
  readonly waitingClients = new Set<AttachedStreams>();
  readonly #waiters = new Set<Waiter>();

  constructor(fields: {
    readonly id: string;
    readonly name: string;
    readonly createdAt: Date;
    readonly settings: ContainerSettings;
    readonly state: ContainerState;
  }) {
    this.id = fields.id;
    this.name = fields.name;
    this.createdAt = fields.createdAt;
    this.settings = fields.settings;
    this.state = fields.state;
  }

  get isActive(): boolean {
    return isActive(this.state);
  }

  get shortId(): string {
    return this.id.slice(0, 12);
  }

  /** It will not run: there is nothing that they could see. */
  async sendClientsHome(): Promise<void> {
    const clients = [...this.waitingClients];
    this.waitingClients.clear();
    await Promise.allSettled(clients.map((client) => client[Symbol.asyncDispose]()));
  }

  /** Resolves at the next end of that kind. */
  waitFor(until: Ending): { readonly promise: Promise<StopResult>; readonly cancel: () => void } {
    const { promise, resolve } = Promise.withResolvers<StopResult>();
    const waiter = { until, resolve };
    this.#waiters.add(waiter);
    return { promise, cancel: () => this.#waiters.delete(waiter) };
  }

  /** Who waits for a stop is told of a removal too: nothing else will come. */
  tell(ending: Ending, error?: string): void {
    const { exitCode, error: stateError } = this.state;
    // Who waits for a removal learns whether that worked, and the exit code.
    const text = error ?? (ending === 'removed' ? '' : stateError);
    for (const waiter of this.#waiters) {
      if (ending === 'stopped' && waiter.until === 'removed') continue;
      this.#waiters.delete(waiter);
      waiter.resolve({ exitCode, ...(text === '' ? {} : { error: text }) });
    }
  }
}
