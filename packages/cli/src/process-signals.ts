/** Those that a user or a supervisor ends a command with. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What may be handed on to a container as well. SIGCHLD, SIGPIPE, SIGURG and SIGWINCH are this process's own. */
const OTHERS = [
  ...(['SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGCONT', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU'] as const),
  ...(['SIGXCPU', 'SIGXFSZ', 'SIGVTALRM', 'SIGIO', 'SIGPWR', 'SIGSYS'] as const),
];

/** The signals of this process: they end what runs, unless somebody has taken them. */
export class ProcessSignals {
  readonly #stop = new AbortController();
  #listener: ((name: NodeJS.Signals) => void) | undefined;
  #stoppedAtMs = Number.POSITIVE_INFINITY;

  readonly #exit: (code: number) => void;

  /** @param exit ends the process at once: what an impatient user means */
  constructor(exit: (code: number) => void) {
    this.#exit = exit;
    for (const name of ENDING) process.on(name, () => this.#ending(name));
  }

  /** Aborted by the first SIGINT, SIGTERM or SIGHUP that nobody has taken. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  stop(): void {
    this.#stop.abort();
  }

  take(listener: (name: NodeJS.Signals) => void): Disposable {
    const handed = OTHERS.map((name) => [name, () => listener(name)] as const);
    for (const [name, hand] of handed) process.on(name, hand);
    this.#listener = listener;
    return {
      [Symbol.dispose]: () => {
        if (this.#listener === listener) this.#listener = undefined;
        for (const [name, hand] of handed) process.off(name, hand);
      },
    };
  }

  #ending(name: NodeJS.Signals): void {
    if (this.#listener !== undefined) {
      this.#listener(name);
      return;
    }
    // npm hands on what the terminal sends as well, so the second of two at once means nothing.
    if (performance.now() - this.#stoppedAtMs > 1000) this.#exit(130);
    this.#stoppedAtMs = Math.min(this.#stoppedAtMs, performance.now());
    this.#stop.abort();
  }
}
