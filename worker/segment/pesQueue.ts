import { payloadStart } from './ts/packetHeader.ts';
import { readPes } from './ts/readPes.ts';
import { packetBytes } from './ts/tsPackets.ts';

/** A PES packet with a length fills fewer; one without ends with the next one's beginning. */
const mostPackets = 400;

interface OpenPes {
  /** Number of the segment that it belongs to. */
  segment: number;
  packets: Buffer[];
  /** Payload bytes that are still to come. */
  left: number;
}

/** Holds each PES packet of the audio tracks back until it is whole, so that no part ends inside one. */
export class PesQueue {
  readonly #open = new Map<number, OpenPes>();

  /** The packets that go out now, in order. */
  push(pid: number, segment: number, packet: Buffer): readonly Buffer[] {
    const before = this.#open.get(pid);
    const payloadAt = payloadStart(packet, 0);
    const isStart = (packet.readUInt8(1) & 0x40) !== 0;
    if (!isStart && before === undefined) return [packet];
    const out = isStart ? (before?.packets ?? []) : [];
    const bytes = isStart ? (readPes(packet, payloadAt, packetBytes)?.bytes ?? Number.POSITIVE_INFINITY) : 0;
    const pes = isStart || before === undefined ? { segment, packets: [], left: bytes } : before;
    pes.packets.push(packet);
    pes.left -= packetBytes - payloadAt;
    this.#open.set(pid, pes);
    if (pes.left > 0 && pes.packets.length < mostPackets) return out;
    this.#open.delete(pid);
    return [...out, ...pes.packets];
  }

  /** The segment ends: what of it is still held, though it is not whole. */
  flush(segment: number): readonly Buffer[] {
    const ended = [...this.#open].filter(([, pes]) => pes.segment === segment);
    for (const [pid] of ended) this.#open.delete(pid);
    return ended.flatMap(([, pes]) => pes.packets);
  }
}
