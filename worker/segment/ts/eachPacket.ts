import { packetBytes } from './tsPackets.ts';

/** The packets of a buffer that holds whole ones back to back. */
export function* eachPacket(packets: Buffer): Generator<Buffer> {
  for (let at = 0; at < packets.length; at += packetBytes) yield packets.subarray(at, at + packetBytes);
}
