import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SETTING = '/proc/sys/net/ipv4/ip_forward';

/**
 * Whether this machine forwards packets between its interfaces, and whose doing that is. A container's packets need it, so it is
 * turned on; a note in `runRoot`, written before, tells the engine that takes the last container away to turn it off again,
 * and the rules to let nothing else pass meanwhile.
 */
export class Forwarding {
  readonly #notePath: string;
  readonly #bootId: string;

  constructor(runRoot: string, bootId: string) {
    this.#notePath = join(runRoot, 'forwarding-was-off');
    this.#bootId = bootId;
  }

  /** The machine was no router before Berth. */
  get isOurs(): boolean {
    return existsSync(this.#notePath) && readFileSync(this.#notePath, 'utf8') === this.#bootId;
  }

  /** Before the rules are set, so that they know. Idempotent. */
  prepare(): void {
    if (!isOn()) writeFileSync(this.#notePath, this.#bootId, { mode: 0o600 });
  }

  /** After the rules are set, so that nothing passes that did not before. Idempotent. */
  turnOn(): void {
    if (!isOn()) writeFileSync(SETTING, '1');
  }

  /** Only what `turnOn` has done, in this life of the engine or an earlier one. Idempotent. */
  turnBack(): void {
    if (this.isOurs && isOn()) writeFileSync(SETTING, '0');
    rmSync(this.#notePath, { force: true });
  }
}

function isOn(): boolean {
  return readFileSync(SETTING, 'utf8').trim() !== '0';
}
