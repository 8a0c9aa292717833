import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hasCode } from '@berth/errors';
import type { PortRequest, PublishedPort } from '../interface.ts';
import { type Claim, explain, noneFree, takenByContainer, takenBySomebody } from './port-errors.ts';
import { holdPort, type PortHolder } from './port-holder.ts';
import { readRequest, type Wish } from './port-wish.ts';

export interface HoldOptions {
  /** The container's address. */
  readonly target: string;
  readonly signal?: AbortSignal;
}

/** How many ports of one container are opened side by side. */
const SIDE_BY_SIDE = 64;

/** The ports of the machine that containers have: who has which, and the sockets that hold them. */
export class HostPorts implements AsyncDisposable {
  readonly #claims = new Map<string, Set<Claim>>();
  readonly #holders = new Map<string, AsyncDisposableStack>();
  readonly #onStray: () => void;
  #lastFree = 0;

  constructor(options: { readonly onStray: () => void }) {
    this.#onStray = options.onStray;
  }

  /**
   * Takes all the ports that a container asks for, or none.
   *
   * @throws {NetworkError} `PORT_TAKEN`, `PORT_RANGE_TAKEN`, `PORT_NOT_ALLOWED`, `PORT_INVALID`, `ADDRESS_NOT_HERE`, `ADDRESS_INVALID`
   */
  async hold(
    containerId: string,
    requests: readonly PortRequest[],
    options: HoldOptions,
  ): Promise<readonly PublishedPort[]> {
    const wishes = requests.map(readRequest);
    await using holders = new AsyncDisposableStack();
    const published: PublishedPort[][] = [];
    for (let at = 0; at < wishes.length; at += SIDE_BY_SIDE) {
      options.signal?.throwIfAborted();
      const some = wishes.slice(at, at + SIDE_BY_SIDE);
      // One that fails must not leave the others of its batch behind.
      const settled = await Promise.allSettled(
        some.map((wish) => this.#holdOne(containerId, wish, { ...options, holders })),
      );
      for (const result of settled) {
        if (result.status === 'rejected') throw result.reason;
        published.push(result.value);
      }
    }
    this.#holders.set(containerId, holders.move());
    return published.flat();
  }

  /** Ports that are published already, after a restart. @returns those that somebody else has by now */
  async holdAgain(
    containerId: string,
    ports: readonly PublishedPort[],
    options: HoldOptions,
  ): Promise<readonly { readonly port: PublishedPort; readonly error: unknown }[]> {
    const failed: { port: PublishedPort; error: unknown }[] = [];
    await using holders = new AsyncDisposableStack();
    for (const { port, address } of withoutTwins(ports)) {
      const wish: Wish = { ...port, address, candidates: [port.hostPort] };
      try {
        await this.#holdOne(containerId, wish, { ...options, holders });
      } catch (error) {
        failed.push({ port, error });
      }
    }
    this.#holders.set(containerId, holders.move());
    return failed;
  }

  /** Idempotent. */
  async release(containerId: string): Promise<void> {
    const holders = this.#holders.get(containerId);
    this.#holders.delete(containerId);
    await holders?.disposeAsync();
  }

  isHeld(containerId: string): boolean {
    return this.#holders.has(containerId);
  }

  async #holdOne(
    containerId: string,
    wish: Wish,
    options: HoldOptions & { readonly holders: AsyncDisposableStack },
  ): Promise<PublishedPort[]> {
    const candidates = wish.candidates ?? this.#freePorts();
    let isTried = false;
    for (const port of candidates) {
      options.signal?.throwIfAborted();
      const claim: Claim = { containerId, protocol: wish.protocol, address: wish.address, port };
      const rival = this.#rivalOf(claim);
      if (rival !== undefined) {
        if (wish.candidates?.length === 1) throw takenByContainer(claim, rival);
        continue;
      }
      isTried = true;
      this.#add(claim);
      try {
        const holder = await this.#open(claim, wish, options.target);
        options.holders.defer(async () => {
          await holder[Symbol.asyncDispose]();
          this.#remove(claim);
        });
        return publishedOf(wish, holder);
      } catch (error) {
        this.#remove(claim);
        const isTaken = hasCode(error) && error.code === 'EADDRINUSE';
        if (!isTaken) throw explain(claim, error);
        if (wish.candidates?.length === 1) throw await takenBySomebody(claim, error);
      }
    }
    throw noneFree(wish, isTried);
  }

  /** SCTP has no socket here: our own books are all there is to look at. */
  async #open(claim: Claim, wish: Wish, target: string): Promise<PortHolder> {
    const { protocol, address, port } = claim;
    if (protocol === 'sctp') return { families: [4], port, [Symbol.asyncDispose]: async () => undefined };
    return await holdPort({
      protocol,
      address,
      port,
      target: { address: target, port: wish.containerPort },
      onStray: this.#onStray,
    });
  }

  #rivalOf(claim: Claim): Claim | undefined {
    for (const other of this.#claims.get(keyOf(claim)) ?? []) {
      if (overlap(claim.address, other.address)) return other;
    }
    return undefined;
  }

  #add(claim: Claim): void {
    const key = keyOf(claim);
    const claims = this.#claims.get(key) ?? new Set();
    this.#claims.set(key, claims.add(claim));
  }

  #remove(claim: Claim): void {
    const key = keyOf(claim);
    const claims = this.#claims.get(key);
    claims?.delete(claim);
    if (claims?.size === 0) this.#claims.delete(key);
  }

  /** All of the kernel's own range for short-lived ports, beginning after the one given last. */
  *#freePorts(): Generator<number> {
    const [first, last] = ephemeralRange();
    const count = last - first + 1;
    const start = this.#lastFree < first || this.#lastFree >= last ? first : this.#lastFree + 1;
    for (let step = 0; step < count; step++) {
      this.#lastFree = first + ((start - first + step) % count);
      yield this.#lastFree;
    }
  }

  /** Closes the sockets; what is published stays so in the kernel. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#holders.keys()].map((containerId) => this.release(containerId)));
  }
}

function publishedOf(wish: Wish, holder: PortHolder): PublishedPort[] {
  const { containerPort, protocol, address } = wish;
  const one = (hostAddress: string) => ({ containerPort, protocol, hostAddress, hostPort: holder.port });
  if (address !== undefined) return [one(address)];
  return holder.families.map((family) => one(family === 4 ? '0.0.0.0' : '::'));
}

/** What was one request for all addresses is two published ports, and one socket. */
function withoutTwins(
  ports: readonly PublishedPort[],
): readonly { readonly port: PublishedPort; readonly address: string | undefined }[] {
  const nameOf = (port: PublishedPort) => `${port.protocol} ${port.hostPort} ${port.containerPort}`;
  const groups = Map.groupBy(ports, nameOf);
  return [...groups.values()].flatMap((group) => {
    const isTwin = (port: PublishedPort) => port.hostAddress === '0.0.0.0' || port.hostAddress === '::';
    const twins = group.filter(isTwin);
    const [first] = twins;
    if (first === undefined || twins.length < 2) {
      return group.map((port) => ({ port, address: port.hostAddress }));
    }
    const others = group.filter((port) => !isTwin(port)).map((port) => ({ port, address: port.hostAddress }));
    return [{ port: first, address: undefined }, ...others];
  });
}

function overlap(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined || one === other) return true;
  if (isIP(one) !== isIP(other)) return false;
  return [one, other].some((address) => address === '0.0.0.0' || address === '::');
}

function keyOf(claim: Claim): string {
  return `${claim.protocol} ${claim.port}`;
}

function ephemeralRange(): [number, number] {
  const [first, last] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    .trim()
    .split(/\s+/)
    .map(Number);
  return [first ?? 32_768, last ?? 60_999];
}
