import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel } from '../netlink/kernel.ts';
import { deleteLink } from '../netlink/route-messages.ts';
import { findLink } from './bridge.ts';

const { ENODEV } = constants.errno;
const GRACE_MS = 1000;
const LOOK_AGAIN_MS = 5;

/**
 * Interfaces that go by themselves. With its namespace the kernel takes a wire away, in the background and many at a time;
 * doing it by name would keep everybody who touches a network waiting for 30 ms. One that is still there after a second, since
 * something has kept the namespace open, is removed by name.
 */
export class VanishingLinks implements AsyncDisposable {
  readonly #kernel: Kernel;
  readonly #onFault: (error: unknown, what: string) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(kernel: Kernel, onFault: (error: unknown, what: string) => void) {
    this.#kernel = kernel;
    this.#onFault = onFault;
  }

  add(name: string): void {
    const timer = setTimeout(() => {
      this.removeNow(name).catch((error) => this.#onFault(error, `remove the interface "${name}"`));
    }, GRACE_MS);
    this.#timers.set(name, timer.unref());
  }

  has(name: string): boolean {
    return this.#timers.has(name);
  }

  /** Idempotent. */
  async removeNow(name: string): Promise<void> {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    if ((await findLink(this.#kernel, name)) === undefined) return;
    await this.#kernel.change([deleteLink(name)], {
      what: `remove the interface "${name}"`,
      allow: [ENODEV],
    });
  }

  /** Waits until they are gone, at most the time they are given. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    const limit = performance.now() + GRACE_MS;
    while ((await this.#isAnyThere()) && performance.now() < limit) await sleep(LOOK_AGAIN_MS);
    for (const name of [...this.#timers.keys()]) await this.removeNow(name);
  }

  async #isAnyThere(): Promise<boolean> {
    for (const name of this.#timers.keys()) {
      if ((await findLink(this.#kernel, name)) !== undefined) return true;
    }
    return false;
  }
}
