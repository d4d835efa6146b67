import { sequenceAfter, sequenceDistance, sequenceOf, timestampOf } from '../packet/packet.ts';

/** Bytes that the rings of all flows may hold together. */
export class RingBudget {
  readonly #most: number;
  used = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get exceeded(): boolean {
    return this.used > this.#most;
  }
}

/** So many packets at a time: 30 s at 40 Mb/s. */
const MOST_PACKETS = 131_072;
const FIRST_SLOTS = 512;

/** The last packets of a caller by their sequence numbers: retransmissions come in any order. Old ones leave by the caller's clock. */
export class PacketRing {
  readonly #mostMs: number;
  #keepMicroseconds: number;
  readonly #budget: RingBudget;
  #slots: (Buffer | undefined)[] = [];
  #first = 0;
  #last = -1;
  #newest = 0;
  /** Nothing leaves because of its age: there is no worker that has it. */
  held = false;

  /** @param mostMs so much is kept at most */
  constructor(mostMs: number, budget: RingBudget) {
    this.#mostMs = mostMs;
    this.#keepMicroseconds = mostMs * 1_000;
    this.#budget = budget;
  }

  /** How much of this stream is of use to a next worker. Undefined: not known. */
  keep(ms: number | undefined): void {
    this.#keepMicroseconds = Math.min(ms ?? this.#mostMs, this.#mostMs) * 1_000;
  }

  /** The oldest sequence number; undefined while it is empty. */
  get first(): number | undefined {
    return this.#last < 0 ? undefined : this.#first;
  }

  /** The newest sequence number; undefined while it is empty. */
  get last(): number | undefined {
    return this.#last < 0 ? undefined : this.#last;
  }

  get(sequence: number): Buffer | undefined {
    const packet = this.#slots[sequence & (this.#slots.length - 1)];
    return packet && sequenceOf(packet) === sequence ? packet : undefined;
  }

  /** Keeps a data packet; the caller must not write to it any more. */
  add(packet: Buffer): void {
    if (this.#keepMicroseconds === 0) return;
    const sequence = sequenceOf(packet);
    if (this.#last < 0) this.#begin(sequence);
    const ahead = sequenceDistance(sequence, this.#last);
    if (ahead >= MOST_PACKETS || ahead <= -MOST_PACKETS) {
      this.clear();
      this.#begin(sequence);
    } else if (sequenceDistance(sequence, this.#first) < 0 || this.get(sequence)) return;
    if (ahead >= 0) [this.#last, this.#newest] = [sequence, timestampOf(packet)];
    this.#makeRoom();
    this.#slots[sequence & (this.#slots.length - 1)] = packet;
    this.#budget.used += packet.length;
    this.#dropOld();
  }

  clear(): void {
    for (const packet of this.#slots) if (packet) this.#budget.used -= packet.length;
    this.#slots = [];
    this.#last = -1;
  }

  #begin(sequence: number): void {
    this.#first = sequence;
    this.#last = sequence;
  }

  /** Room for all from the first to the last; sequence numbers keep their packets. */
  #makeRoom(): void {
    const span = sequenceDistance(this.#last, this.#first) + 1;
    if (span <= this.#slots.length) return;
    let size = Math.max(FIRST_SLOTS, this.#slots.length);
    while (size < span) size *= 2;
    const packets = this.#slots;
    this.#slots = new Array<Buffer | undefined>(size).fill(undefined);
    for (const packet of packets) if (packet) this.#slots[sequenceOf(packet) & (size - 1)] = packet;
  }

  #isYoung(packet: Buffer): boolean {
    return ((this.#newest - timestampOf(packet)) | 0) <= this.#keepMicroseconds;
  }

  #dropOld(): void {
    while (this.#first !== this.#last) {
      const at = this.#first & (this.#slots.length - 1);
      const packet = this.#slots[at];
      const spare = sequenceDistance(this.#last, this.#first) >= MOST_PACKETS || this.#budget.exceeded;
      if (packet && !spare && (this.held || this.#isYoung(packet))) return;
      if (packet) this.#budget.used -= packet.length;
      this.#slots[at] = undefined;
      this.#first = sequenceAfter(this.#first);
    }
  }
}
