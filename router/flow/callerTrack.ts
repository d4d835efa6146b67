import { acknowledgedBy, isFullAck, sequenceDistance, sequenceOf, timestampOf } from '../packet/packet.ts';
import type { CallerTrace } from './followsOn.ts';

/** What a flow has seen of its caller: when, its clock, its newest packet, and what it was acknowledged. */
export class CallerTrack {
  #heardAt: number;
  /** The caller's clock (µs, 32 bits) at that time; numbers of their own, since each packet sets them. */
  #timestamp: number;
  #timestampAt: number;
  #newest: Buffer | undefined;
  #acknowledged: number | undefined;
  #fullAck: Buffer | undefined;

  constructor(conclusion: Buffer, now: number) {
    this.#heardAt = now;
    this.#timestamp = timestampOf(conclusion);
    this.#timestampAt = now;
  }

  get heardAt(): number {
    return this.#heardAt;
  }

  /** The next sequence number that its worker expects. */
  get acknowledged(): number | undefined {
    return this.#acknowledged;
  }

  /** Undefined before its first packets were acknowledged. */
  get trace(): CallerTrace | undefined {
    if (!this.#newest || !this.#fullAck) return undefined;
    const clock = { timestamp: this.#timestamp, at: this.#timestampAt };
    return { heardAt: this.#heardAt, newest: this.#newest, clock, acknowledgement: this.#fullAck };
  }

  /** The caller's clock now, µs. */
  clockAt(now: number): number {
    return (this.#timestamp + Math.round((now - this.#timestampAt) * 1_000)) >>> 0;
  }

  /** It repeats its conclusion, whose time is that of the first one. */
  isThere(now: number): void {
    this.#heardAt = now;
  }

  /** A packet of it. */
  hear(packet: Buffer, now: number): void {
    this.#heardAt = now;
    this.#timestamp = timestampOf(packet);
    this.#timestampAt = now;
  }

  /** A data packet of it. */
  hearMedia(packet: Buffer): void {
    if (!this.#newest || sequenceDistance(sequenceOf(packet), sequenceOf(this.#newest)) > 0) this.#newest = packet;
  }

  /** An ACK for it. */
  hearAck(ack: Buffer): void {
    this.#acknowledged = acknowledgedBy(ack) ?? this.#acknowledged;
    if (isFullAck(ack)) this.#fullAck = ack;
  }
}
