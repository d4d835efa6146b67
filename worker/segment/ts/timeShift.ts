import { wrapTicks } from '../ticks.ts';
import { payloadStart } from './packetHeader.ts';
import { readPes } from './readPes.ts';
import { packetBytes, TsPackets } from './tsPackets.ts';

/** Far more than the sound that comes before a first picture. */
const mostHeldBytes = 8_000_000;

/**
 * Finds out which PTS the first picture of MPEG-TS has, and can move all timestamps (PCR, PTS, DTS) so that it has another
 * one. What comes before that picture is held then.
 */
export class TimeShift {
  readonly #startPts: number | undefined;
  readonly #packets = new TsPackets();
  #held: Buffer[] = [];
  #heldBytes = 0;
  #firstPts: number | undefined;
  /** Ticks; undefined while it is not known. */
  #shift: number | undefined;

  /** @param startPts 33 bits; undefined: nothing is moved */
  constructor(startPts: number | undefined) {
    this.#startPts = startPts;
  }

  /** PTS of the first picture as it is handed out, 33 bits; undefined: none came yet. */
  get firstPts(): number | undefined {
    return this.#firstPts === undefined ? undefined : (this.#startPts ?? this.#firstPts);
  }

  /** The next bytes, aligned to nothing; they are written to. */
  push(chunk: Buffer, out: (bytes: Buffer) => void): void {
    if (this.#startPts === undefined) {
      if (this.#firstPts === undefined) this.#packets.each(chunk, packets => this.#look(packets));
      out(chunk);
    } else this.#packets.each(chunk, packets => this.#move(packets, this.#startPts ?? 0, out));
  }

  #move(packets: Buffer, startPts: number, out: (bytes: Buffer) => void): void {
    if (this.#firstPts === undefined) this.#look(packets);
    if (this.#firstPts === undefined && this.#heldBytes < mostHeldBytes) {
      this.#held.push(packets);
      this.#heldBytes += packets.length;
      return;
    }
    this.#shift ??= startPts - (this.#firstPts ?? startPts);
    for (const held of [...this.#held.splice(0), packets]) {
      shiftTimes(held, this.#shift);
      out(held);
    }
  }

  #look(packets: Buffer): void {
    for (let at = 0; at < packets.length && this.#firstPts === undefined; at += packetBytes) {
      const pes = pesAt(packets, at);
      if (pes !== undefined && isVideo(packets, pes)) this.#firstPts = readPes(packets, pes, at + packetBytes)?.pts;
    }
  }
}

/** Where a PES packet begins in the packet at `at`; undefined: none does. */
function pesAt(data: Buffer, at: number): number | undefined {
  const pes = payloadStart(data, at);
  const isStart = (data.readUInt8(at + 1) & 0x40) !== 0;
  return isStart && pes + 9 <= at + packetBytes && data.readUIntBE(pes, 3) === 1 ? pes : undefined;
}

/** Stream ids of video (ISO 13818-1, table 2-22). */
const isVideo = (data: Buffer, pes: number): boolean => (data.readUInt8(pes + 3) & 0xf0) === 0xe0;

function shiftTimes(packets: Buffer, shift: number): void {
  for (let at = 0; at < packets.length; at += packetBytes) {
    if (hasPcr(packets, at)) shiftPcr(packets, at + 6, shift);
    const pes = pesAt(packets, at);
    if (pes === undefined) continue;
    const { pts, dts } = readPes(packets, pes, at + packetBytes) ?? {};
    if (pts === undefined) continue;
    writeTime(packets, pes + 9, pts + shift);
    const hasDts = (packets.readUInt8(pes + 7) & 0x40) !== 0;
    if (hasDts && dts !== undefined) writeTime(packets, pes + 14, dts + shift);
  }
}

/** PCR_flag (ISO 13818-1, 2.4.3.4). */
const hasPcr = (data: Buffer, at: number): boolean =>
  (data.readUInt8(at + 3) & 0x20) !== 0 && data.readUInt8(at + 4) >= 7 && (data.readUInt8(at + 5) & 0x10) !== 0;

/** 33 bits of 90 kHz, 6 reserved, 9 of 27 MHz, which stay (ISO 13818-1, 2.4.3.5). */
function shiftPcr(data: Buffer, at: number, shift: number): void {
  const base = data.readUInt32BE(at) * 2 + (data.readUInt8(at + 4) >> 7);
  const moved = wrapTicks(base + shift);
  data.writeUInt32BE(Math.floor(moved / 2), at);
  data.writeUInt8((moved % 2) * 0x80 + (data.readUInt8(at + 4) & 0x7f), at + 4);
}

/** 33 bits between marker bits, which stay (ISO 13818-1, 2.4.3.7). */
function writeTime(data: Buffer, at: number, time: number): void {
  const ticks = wrapTicks(time);
  data.writeUInt8((data.readUInt8(at) & 0xf1) | (Math.floor(ticks / 2 ** 30) << 1), at);
  data.writeUInt16BE(((Math.floor(ticks / 2 ** 15) & 0x7fff) << 1) | 1, at + 1);
  data.writeUInt16BE(((ticks & 0x7fff) << 1) | 1, at + 3);
}
