import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';

export interface RelayTarget {
  readonly address: string;
  readonly port: number;
}

/**
 * Joins a connection to the container. Each direction ends by itself, so that a client may close its half and still
 * read; a reset on one side is a reset on the other.
 */
export function relayConnection(client: Socket, target: RelayTarget): void {
  const container = connect({ host: target.address, port: target.port, allowHalfOpen: true });
  const reset = () => {
    client.resetAndDestroy();
    container.resetAndDestroy();
  };
  client.setNoDelay(true).on('error', reset);
  container.setNoDelay(true).on('error', reset);
  client.on('close', () => container.destroy());
  container.on('close', () => client.destroy());
  client.pipe(container);
  container.pipe(client);
}

const IDLE_MS = 60_000;
const MOST_CLIENTS = 1024;

interface Conversation {
  readonly socket: UdpSocket;
  timer: NodeJS.Timeout;
}

/** Datagrams of each client go through a socket of their own, so that answers find back; a quiet one is closed after a minute. */
export class DatagramRelay implements Disposable {
  readonly #front: UdpSocket;
  readonly #target: RelayTarget;
  /** The oldest first. */
  readonly #conversations = new Map<string, Conversation>();
  #isClosed = false;

  constructor(front: UdpSocket, target: RelayTarget) {
    this.#front = front;
    this.#target = target;
  }

  pass(datagram: Buffer, client: RemoteInfo): void {
    if (this.#isClosed) return;
    const key = `${client.address} ${client.port}`;
    const conversation = this.#conversations.get(key) ?? this.#open(key, client);
    conversation.timer.refresh();
    // A container that does not listen answers with ICMP, which is nothing to a sender of datagrams.
    conversation.socket.send(datagram, this.#target.port, this.#target.address, () => undefined);
  }

  #open(key: string, client: RemoteInfo): Conversation {
    const oldest = this.#conversations.keys().next().value;
    if (this.#conversations.size >= MOST_CLIENTS && oldest !== undefined) this.#close(oldest);
    const socket = createSocket('udp4');
    socket.unref();
    socket.on('error', () => this.#close(key));
    socket.on('message', (answer, from) => {
      if (this.#isClosed || from.address !== this.#target.address) return;
      this.#conversations.get(key)?.timer.refresh();
      this.#front.send(answer, client.port, client.address, () => undefined);
    });
    const conversation = { socket, timer: setTimeout(() => this.#close(key), IDLE_MS).unref() };
    this.#conversations.set(key, conversation);
    return conversation;
  }

  #close(key: string): void {
    const conversation = this.#conversations.get(key);
    if (conversation === undefined) return;
    this.#conversations.delete(key);
    clearTimeout(conversation.timer);
    conversation.socket.close();
  }

  /** Idempotent. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const key of [...this.#conversations.keys()]) this.#close(key);
  }
}
