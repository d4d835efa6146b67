import { payloadStart } from './packetHeader.ts';
import { packetBytes } from './tsPackets.ts';

const headerBytes = 4;
const room = packetBytes - headerBytes;
const pesHeaderBytes = 9;
const mostPesBytes = 0xffff;
const delimiter = 9;
/** A start code of four bytes and a delimiter. */
const delimiterRoom = 6;

/**
 * Puts NAL units into an H.264 picture, in front of everything but its access unit delimiter (ITU-T H.264, 7.4.1.2.3).
 * `packet` is the picture's first one, with a PES header; the result are two packets or more, with counters from `packet`'s on.
 * Undefined: the PES header, or the delimiter, does not end in this packet.
 */
export function insertInPicture(packet: Buffer, units: Buffer): Buffer | undefined {
  const from = payloadStart(packet, 0);
  const payloadAt = from + pesHeaderBytes + (packet[from + pesHeaderBytes - 1] ?? packetBytes);
  if (payloadAt + delimiterRoom > packetBytes) return undefined;
  const at = payloadAt + delimiterBytes(packet.subarray(payloadAt));
  const data = Buffer.concat([packet.subarray(from, at), units, packet.subarray(at)]);
  const length = data.readUInt16BE(4);
  // 0: the length is left open, as video may (ISO 13818-1, 2.4.3.7).
  if (length > 0) data.writeUInt16BE(length + units.length > mostPesBytes ? 0 : length + units.length, 4);
  const first = Buffer.concat([packet.subarray(0, from), data.subarray(0, packetBytes - from)]);
  return Buffer.concat([first, ...packetise(packet, data.subarray(packetBytes - from))]);
}

/** Bytes of the delimiter with its start code; 0: there is none. */
function delimiterBytes(payload: Buffer): number {
  const code = payload[2] === 1 ? 3 : 4;
  const isStart = payload.readUIntBE(code - 3, 3) === 1 && (code === 3 || payload[0] === 0);
  return isStart && ((payload[code] ?? 0) & 0x1f) === delimiter ? code + 2 : 0;
}

/** The packets behind `first`; the last one is filled up by its adaptation field. */
function packetise(first: Buffer, data: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 0; at < data.length; at += room) {
    const payload = data.subarray(at, at + room);
    const packet = Buffer.alloc(packetBytes, 0xff);
    first.copy(packet, 0, 0, headerBytes);
    packet[1] = (packet[1] ?? 0) & 0x3f & ~0x40;
    const stuffing = room - payload.length;
    const counter = ((first[3] ?? 0) + packets.length + 1) & 0xf;
    packet[3] = ((first[3] ?? 0) & 0xc0) | (stuffing > 0 ? 0x30 : 0x10) | counter;
    if (stuffing > 0) packet[4] = stuffing - 1;
    if (stuffing > 1) packet[5] = 0;
    payload.copy(packet, packetBytes - payload.length);
    packets.push(packet);
  }
  return packets;
}
