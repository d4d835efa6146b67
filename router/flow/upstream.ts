import type { ConnectedSocket, PacketIo } from '../io/packetIo.ts';
import { conclusionWith, inductionFor, parseHandshake } from '../packet/handshake.ts';
import { HEADER_BYTES, shutdownPacket } from '../packet/packet.ts';
import type { Target } from '../streams/streamRoute.ts';

const AGAIN_MS = 100;

/** Where a connection begins; left out: where the caller began it. */
export interface Beginning {
  sequence: number;
  /** The caller's clock now, µs. */
  timestamp: number;
}

export interface UpstreamEvents {
  /** The worker has accepted the caller. @param answer its conclusion */
  onOpen(answer: Buffer): void;
  /** @param code the reason, without the 1000 that it has on the wire */
  onRefusal(code: number): void;
  onPacket(packet: Buffer): void;
  /** The port is refused (ECONNREFUSED), or there is no way to the host. */
  onUnreachable(error: Error): void;
}

/**
 * One caller's connection to a worker: a connected UDP socket, so that the kernel reports a refused port, and the caller's
 * handshake made again with the worker's cookie. What is encrypted passes as it is.
 */
export class Upstream {
  readonly #socket: ConnectedSocket;
  readonly #conclusion: Buffer;
  readonly #beginning: () => Beginning | undefined;
  readonly #events: UpstreamEvents;
  #connected = false;
  #cookie: number | undefined;
  #workerId: number | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** @param options.beginning asked at each attempt */
  constructor(options: {
    connect: PacketIo['connect'];
    target: Target;
    conclusion: Buffer;
    beginning: () => Beginning | undefined;
    events: UpstreamEvents;
  }) {
    this.#conclusion = options.conclusion;
    this.#beginning = options.beginning;
    this.#events = options.events;
    this.#socket = options.connect(options.target, {
      onConnected: () => {
        this.#connected = true;
        this.#call();
      },
      onPacket: packet => this.#received(packet),
      onError: error => this.#failed(error),
    });
  }

  get isOpen(): boolean {
    return this.#workerId !== undefined;
  }

  /** Repeats the handshake where it is unanswered. @param now ms, monotonic */
  tick(now: number): void {
    if (this.#connected && !this.isOpen && now - this.#sentAt >= AGAIN_MS) this.#call();
  }

  /** Sends one of the caller's packets, which is written to. Dropped while the connection is not open. */
  send(packet: Buffer): void {
    if (this.#workerId === undefined) return;
    packet.writeUInt32BE(this.#workerId, 12);
    this.#write(packet);
  }

  /** May be called twice. @param goodbye the worker is to end the connection now */
  close(goodbye: boolean): void {
    if (this.#closed) return;
    if (goodbye && this.#workerId !== undefined) this.#write(shutdownPacket(this.#workerId));
    this.#closed = true;
    this.#socket.close();
  }

  #call(): void {
    this.#sentAt = performance.now();
    if (this.#cookie === undefined) this.#write(inductionFor(this.#conclusion));
    else this.#write(conclusionWith(this.#conclusion, { cookie: this.#cookie, ...this.#beginning() }));
  }

  #write(packet: Buffer): void {
    if (this.#closed) return;
    this.#socket.send(packet);
  }

  #received(packet: Buffer): void {
    if (this.#closed || packet.length < HEADER_BYTES) return;
    if (this.isOpen) {
      this.#events.onPacket(packet);
      return;
    }
    const handshake = parseHandshake(packet);
    if (handshake?.kind === 'induction') {
      if (this.#cookie !== undefined) return;
      this.#cookie = handshake.cookie;
      this.#call();
    } else if (handshake?.kind === 'conclusion') {
      this.#workerId = handshake.socketId;
      this.#events.onOpen(packet);
    } else if (handshake?.kind === 'refusal') this.#events.onRefusal(handshake.code - 1_000);
  }

  #failed(error: Error): void {
    if (!this.#closed) this.#events.onUnreachable(error);
  }
}
