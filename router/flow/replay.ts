import { sequenceAfter, sequenceDistance, sequenceOf } from '../packet/packet.ts';
import type { PacketRing } from './packetRing.ts';

/** 130 Mb/s: a worker's receive buffer of the usual size takes it. */
const AT_A_TIME = 64;
const PAUSE_MS = 5;

/** Sends what a ring holds to a worker that is new to the connection, in order, before anything that is newer. */
export class Replay {
  readonly #ring: PacketRing;
  readonly #send: (packet: Buffer) => void;
  /** The next to be sent; undefined: all is sent. */
  #next: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(ring: PacketRing, send: (packet: Buffer) => void) {
    this.#ring = ring;
    this.#send = send;
  }

  start(): void {
    this.stop();
    this.#next = this.#ring.first;
    this.#goOn();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#next = undefined;
  }

  /** Whether the packet, which is in the ring, is still to come. One that was sent before is repeated because it was lost. */
  covers(packet: Buffer): boolean {
    return this.#next !== undefined && sequenceDistance(sequenceOf(packet), this.#next) >= 0;
  }

  #goOn(): void {
    for (let sent = 0; sent < AT_A_TIME; ) {
      const { last } = this.#ring;
      if (this.#next === undefined || last === undefined || sequenceDistance(this.#next, last) > 0) {
        this.#next = undefined;
        this.#ring.held = false;
        return;
      }
      const packet = this.#ring.get(this.#next);
      if (packet) this.#send(packet);
      if (packet) sent += 1;
      this.#next = sequenceAfter(this.#next);
    }
    this.#timer = setTimeout(() => this.#goOn(), PAUSE_MS);
  }
}
