import { NetworkError } from '../errors.ts';
import { contains, formatSubnet, ipv4FromNumber, ipv4ToNumber, type Subnet, subnetSize } from './ipv4.ts';

/**
 * Addresses of one subnet. The first is the gateway's; the others are given out one after the other, so that an address is not
 * used again before all others were: neighbours and connections that remember it have forgotten it by then.
 */
export class AddressPool {
  readonly subnet: Subnet;
  readonly gateway: string;
  readonly #taken = new Set<number>();
  #last: number;

  constructor(subnet: Subnet) {
    this.subnet = subnet;
    this.#last = subnet.first + 1;
    this.gateway = ipv4FromNumber(this.#last);
  }

  get broadcast(): string {
    return ipv4FromNumber(this.subnet.first + subnetSize(this.subnet) - 1);
  }

  /** @throws {NetworkError} `ADDRESSES_EXHAUSTED` */
  take(): string {
    const first = this.subnet.first + 2;
    const count = subnetSize(this.subnet) - 3;
    for (let step = 1; step <= count; step++) {
      const candidate = first + ((this.#last - first + step) % count);
      if (this.#taken.has(candidate)) continue;
      this.#taken.add(candidate);
      this.#last = candidate;
      return ipv4FromNumber(candidate);
    }
    throw new NetworkError(
      'ADDRESSES_EXHAUSTED',
      `Cannot give an address to a container: all ${count} of "${formatSubnet(this.subnet)}" are in use`,
      { hint: 'Remove containers, or give the engine a larger subnet' },
    );
  }

  /** One that is in use already, from an earlier life of the engine. */
  claim(address: string): void {
    const number = ipv4ToNumber(address);
    if (!contains(this.subnet, number)) return;
    this.#taken.add(number);
    this.#last = Math.max(this.#last, number);
  }

  /** Idempotent. */
  release(address: string): void {
    this.#taken.delete(ipv4ToNumber(address));
  }
}
