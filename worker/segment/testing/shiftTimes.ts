import { ptsWrap } from '../ticks.ts';
import { eachPacket } from '../ts/eachPacket.ts';
import { payloadStart } from '../ts/packetHeader.ts';
import { readPes } from '../ts/readPes.ts';
import { packetBytes } from '../ts/tsPackets.ts';

/** The transport stream with every PTS and DTS later by so many ticks, modulo 2^33. Its clock (PCR) stays. */
export function shiftTimes(ts: Buffer, ticks: number): Buffer {
  const copy = Buffer.from(ts);
  for (const packet of eachPacket(copy)) {
    const at = payloadStart(packet, 0);
    const isStart = (packet.readUInt8(1) & 0x40) !== 0;
    const pes = isStart ? readPes(packet, at, packetBytes) : undefined;
    if (pes?.pts === undefined || pes.dts === undefined) continue;
    write(packet, at + 9, pes.pts + ticks);
    if ((packet.readUInt8(at + 7) & 0x40) !== 0) write(packet, at + 14, pes.dts + ticks);
  }
  return copy;
}

function write(packet: Buffer, at: number, time: number): void {
  const ticks = ((time % ptsWrap) + ptsWrap) % ptsWrap;
  packet[at] = (packet.readUInt8(at) & 0xf0) | (Math.floor(ticks / 2 ** 30) << 1) | 1;
  packet.writeUInt16BE(((Math.floor(ticks / 2 ** 15) & 0x7fff) << 1) | 1, at + 1);
  packet.writeUInt16BE(((ticks & 0x7fff) << 1) | 1, at + 3);
}
