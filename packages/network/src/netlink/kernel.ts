import { constants } from 'node:os';
import {
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  type NetlinkReply,
  type NetlinkRequest,
  type NetlinkResult,
  NetlinkSocket,
} from '@berth/linux';
import { NetworkError } from '../errors.ts';
import { transaction } from './nft-messages.ts';

const { ENODEV, ENOENT, EPERM } = constants.errno;

/** The two conversations with the kernel of the machine: interfaces and routes, firewall and connections. */
export class Kernel implements Disposable {
  readonly #route: NetlinkSocket;
  readonly #netfilter: NetlinkSocket;

  /** With a path: of that network namespace instead. */
  constructor(options: { readonly namespacePath?: string } = {}) {
    this.#route = NetlinkSocket.open(NETLINK_ROUTE, options);
    this.#netfilter = NetlinkSocket.open(NETLINK_NETFILTER, options);
  }

  /** Each request by itself; the first that fails in a way not allowed throws, after all were tried. */
  async change(
    requests: readonly NetlinkRequest[],
    options: { readonly what: string; readonly allow?: readonly number[]; readonly signal?: AbortSignal },
  ): Promise<void> {
    const results = await this.#route.exchange(requests, options);
    for (const result of results) assertDone(result, options);
  }

  /** Nothing when it is not there. Off this thread: the kernel looks under the lock of all networks, which others hold for long. */
  async ask(request: NetlinkRequest): Promise<readonly NetlinkReply[]> {
    return repliesOf(await this.#route.exchange([request]));
  }

  /** Nothing when it is not there. Takes no lock, so it is asked on this thread. */
  askNetfilter(request: NetlinkRequest): readonly NetlinkReply[] {
    return repliesOf(this.#netfilter.exchangeNow([request]));
  }

  /** Requests of netfilter that each stand alone. */
  async tell(requests: readonly NetlinkRequest[]): Promise<readonly NetlinkResult[]> {
    return await this.#netfilter.exchange(requests);
  }

  /** All of it in one step, or nothing. @returns the errno of the first that failed, where that is allowed */
  async transact(
    requests: readonly NetlinkRequest[],
    options: { readonly what: string; readonly allow?: readonly number[] },
  ): Promise<number> {
    const results = await this.#netfilter.exchange(transaction(requests));
    const failed = results.find((result) => result.errno !== 0);
    if (failed === undefined) return 0;
    assertDone(failed, options);
    return failed.errno;
  }

  /** Idempotent. */
  [Symbol.dispose](): void {
    this.#route[Symbol.dispose]();
    this.#netfilter[Symbol.dispose]();
  }
}

function repliesOf(results: readonly NetlinkResult[]): readonly NetlinkReply[] {
  for (const result of results)
    assertDone(result, { what: 'ask the kernel about networks', allow: [ENOENT, ENODEV] });
  return results.flatMap((result) => result.replies);
}

/** @throws {NetworkError} `KERNEL_REFUSED`, with what the kernel said */
export function assertDone(
  result: NetlinkResult,
  options: { readonly what: string; readonly allow?: readonly number[] },
): void {
  if (result.errno === 0 || options.allow?.includes(result.errno)) return;
  const name = errnoName(result.errno);
  const words = result.text === undefined ? name : `${result.text} (${name})`;
  throw new NetworkError('KERNEL_REFUSED', `Cannot ${options.what}: ${words}`, {
    detail: { errno: result.errno },
    ...(result.errno === EPERM ? { hint: 'Networks need root and CAP_NET_ADMIN' } : {}),
  });
}

function errnoName(errno: number): string {
  return Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}
