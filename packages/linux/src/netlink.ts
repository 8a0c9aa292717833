import { closeSync } from 'node:fs';
import { LinuxError } from './errors.ts';
import { checked, libc } from './libc.ts';
import { insideNetworkNamespace } from './namespaces.ts';

/**
 * Netlink sockets: the kernel's own language for interfaces, addresses, routes, firewall rules and connections.
 *
 * One `exchange` sends any number of requests in one system call and gives what the kernel said to each of them. The
 * kernel works them off inside `send(2)`, so every answer is there when it returns; since it may have to wait for the
 * lock of all network settings, the call is made on a thread of the pool and not on the caller's.
 *
 * A socket belongs to the network namespace that it was opened in, for good: `namespacePath` opens one elsewhere.
 */

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;

export interface NetlinkRequest {
  readonly type: number;
  /** Without `NLM_F_REQUEST`, which all have. Without `NLM_F_ACK` success is silent. */
  readonly flags: number;
  readonly payload: Uint8Array;
}

export interface NetlinkReply {
  readonly type: number;
  readonly payload: Buffer;
}

export interface NetlinkResult {
  /** 0, or the kernel's errno. */
  readonly errno: number;
  /** What the kernel says about it in words, where it does. */
  readonly text: string | undefined;
  readonly replies: readonly NetlinkReply[];
}

const HEADER_SIZE = 16;
const NLMSG_NOOP = 1;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const EAGAIN = 11;
const EINTR = 4;
const EMSGSIZE = 90;
const RECEIVE_BYTES = 256 * 1024;

interface Message extends NetlinkReply {
  readonly flags: number;
  readonly sequence: number;
}

interface Result {
  errno: number;
  text: string | undefined;
  readonly replies: NetlinkReply[];
}

export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  #sequence = 0;
  #isClosed = false;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #waiting = new Map<number, Result>();

  private constructor(fd: number) {
    this.#fd = fd;
  }

  static open(protocol: number, options: { readonly namespacePath?: string } = {}): NetlinkSocket {
    const { namespacePath } = options;
    const fd =
      namespacePath === undefined
        ? openSocket(protocol)
        : insideNetworkNamespace(namespacePath, () => openSocket(protocol));
    return new NetlinkSocket(fd);
  }

  /**
   * Sends the requests, in order, and gives one result for each. Errors of the kernel are values here.
   *
   * Of routes and interfaces each request stands alone; for nftables a failed one undoes the whole batch. An abort
   * before it is sent leaves nothing done; afterwards it cannot be called back.
   */
  exchange(
    requests: readonly NetlinkRequest[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly NetlinkResult[]> {
    const work = this.#queue.then(async () => {
      options.signal?.throwIfAborted();
      if (requests.length === 0) return [];
      const { bytes, results } = this.#prepare(requests);
      // The buffer is held here until the pool has sent it.
      const sent = await libc().sendAsync(this.#fd, bytes, 0);
      if (sent !== bytes.length) throw refused(bytes.length);
      return this.#finish(results);
    });
    this.#queue = work.catch(() => undefined);
    return work;
  }

  /** The same on the calling thread: for questions that wait for no lock, a few microseconds each. */
  exchangeNow(requests: readonly NetlinkRequest[]): readonly NetlinkResult[] {
    if (requests.length === 0) return [];
    const { bytes, results } = this.#prepare(requests);
    checked(libc().send(this.#fd, bytes, bytes.length, 0), WHAT, 'send');
    return this.#finish(results);
  }

  #prepare(requests: readonly NetlinkRequest[]): { bytes: Buffer; results: ReadonlyMap<number, Result> } {
    if (this.#isClosed) throw new Error('Cannot use a netlink socket after it was closed');
    const first = this.#sequence + 1;
    this.#sequence += requests.length;
    const results = new Map<number, Result>();
    for (let sequence = first; sequence <= this.#sequence; sequence++) {
      const result: Result = { errno: 0, text: undefined, replies: [] };
      results.set(sequence, result);
      this.#waiting.set(sequence, result);
    }
    return { bytes: encode(requests, first), results };
  }

  /** What is in the socket may be for another call, too, whose `send` is done and who has not looked yet. */
  #finish(results: ReadonlyMap<number, Result>): readonly NetlinkResult[] {
    try {
      this.#receive();
    } finally {
      for (const sequence of results.keys()) this.#waiting.delete(sequence);
    }
    return [...results.values()];
  }

  #receive(): void {
    const { recv, errno: lastErrno } = libc();
    const buffer = scratch();
    for (;;) {
      const size = recv(this.#fd, buffer, buffer.length, MSG_DONTWAIT | MSG_TRUNC);
      if (size < 0) {
        const errno = lastErrno();
        if (errno === EINTR) continue;
        if (errno === EAGAIN) return;
        throw new LinuxError(WHAT(), { errno, syscall: 'recv' });
      }
      if (size > buffer.length) throw new LinuxError(WHAT(), { errno: EMSGSIZE, syscall: 'recv' });
      for (const message of messagesOf(Buffer.from(buffer.subarray(0, size)))) this.#take(message);
    }
  }

  #take({ type, flags, sequence, payload }: Message): void {
    const result = this.#waiting.get(sequence);
    if (result === undefined || type === NLMSG_NOOP) return;
    if (type !== NLMSG_ERROR && type !== NLMSG_DONE) {
      result.replies.push({ type, payload });
      return;
    }
    const errno = payload.length >= 4 ? -payload.readInt32LE(0) : 0;
    if (errno <= 0 || result.errno !== 0) return;
    result.errno = errno;
    if (type === NLMSG_ERROR) result.text = errorText(payload, flags);
  }

  /** Idempotent. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const close = () => closeSync(this.#fd);
    // A send on the pool may still use the number.
    this.#queue = this.#queue.then(close, close);
  }
}

function encode(requests: readonly NetlinkRequest[], firstSequence: number): Buffer {
  const parts: Buffer[] = [];
  for (const [index, { type, flags, payload }] of requests.entries()) {
    const header = Buffer.alloc(HEADER_SIZE);
    header.writeUInt32LE(HEADER_SIZE + payload.length, 0);
    header.writeUInt16LE(type, 4);
    header.writeUInt16LE(flags | NLM_F_REQUEST, 6);
    header.writeUInt32LE(firstSequence + index, 8);
    parts.push(header, Buffer.from(payload), Buffer.alloc((4 - (payload.length & 3)) & 3));
  }
  return Buffer.concat(parts);
}

function* messagesOf(bytes: Buffer): Generator<Message> {
  for (let at = 0; at + HEADER_SIZE <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    if (length < HEADER_SIZE || at + length > bytes.length) return;
    yield {
      type: bytes.readUInt16LE(at + 4),
      flags: bytes.readUInt16LE(at + 6),
      sequence: bytes.readUInt32LE(at + 8),
      payload: bytes.subarray(at + HEADER_SIZE, at + length),
    };
    at += (length + 3) & ~3;
  }
}

/** `struct nlmsgerr`: errno, the header of the request (its whole when not capped), then attributes. */
function errorText(payload: Buffer, flags: number): string | undefined {
  if ((flags & NLM_F_ACK_TLVS) === 0) return undefined;
  const requestLength = payload.readUInt32LE(4);
  let at = 4 + (flags & NLM_F_CAPPED ? HEADER_SIZE : (requestLength + 3) & ~3);
  while (at + 4 <= payload.length) {
    const length = payload.readUInt16LE(at);
    if (length < 4) return undefined;
    if ((payload.readUInt16LE(at + 2) & 0x3fff) === NLMSGERR_ATTR_MSG) {
      return payload.toString('utf8', at + 4, at + length - 1);
    }
    at += (length + 3) & ~3;
  }
  return undefined;
}

let received: Buffer | undefined;

/** Receiving is synchronous, so all sockets of a thread share one large buffer and copy what came. */
function scratch(): Buffer {
  received ??= Buffer.allocUnsafeSlow(RECEIVE_BYTES);
  return received;
}

const WHAT = () => 'Cannot talk to the kernel by netlink';

function openSocket(protocol: number): number {
  const { socket, setsockopt } = libc();
  const fd = checked(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), WHAT, 'socket');
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return bytes;
  };
  // Old kernels lack these: then errors come without words. The last is for the acknowledgements of a long batch.
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, number(1), 4);
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, number(1), 4);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, number(8 * 1024 * 1024), 4);
  return fd;
}

/** On the pool errno is lost; what `send` of netlink can meet is a request that does not fit the socket's buffer. */
function refused(sizeBytes: number): LinuxError {
  return new LinuxError(WHAT(), {
    errno: EMSGSIZE,
    syscall: 'send',
    reason: `it did not take ${sizeBytes} bytes`,
  });
}
