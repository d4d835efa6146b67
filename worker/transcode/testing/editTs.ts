import { eachPacket } from '../../segment/ts/eachPacket.ts';

export const pidOf = (packet: Buffer): number => packet.readUInt16BE(1) & 0x1fff;

/** The transport stream without one PID's packets. */
export function withoutPid(ts: Buffer, pid: number): Buffer {
  return Buffer.concat([...eachPacket(ts)].filter(packet => pidOf(packet) !== pid));
}

/** The transport stream from a share of its length on, cut at no packet's edge. */
export function fromShare(ts: Buffer, share: number): Buffer {
  return ts.subarray(Math.round(ts.length * share) + 77);
}

/** The transport stream with one picture's PTS set to `seconds`: the `nth` one of PID `pid`. */
export function withPts(ts: Buffer, pid: number, nth: number, seconds: number): Buffer {
  const copy = Buffer.from(ts);
  const starts = [...eachPacket(copy)].filter(packet => pidOf(packet) === pid && (packet.readUInt8(1) & 0x40) !== 0);
  const packet = starts[nth];
  if (packet === undefined) throw new Error(`no picture ${nth}`);
  const pes = packet.indexOf(Buffer.from([0, 0, 1]), 4);
  const pts = seconds * 90_000;
  packet[pes + 9] = (packet.readUInt8(pes + 9) & 0xf0) | (Math.floor(pts / 2 ** 30) << 1) | 1;
  packet.writeUInt16BE(((Math.floor(pts / 2 ** 15) & 0x7fff) << 1) | 1, pes + 10);
  packet.writeUInt16BE(((pts & 0x7fff) << 1) | 1, pes + 12);
  return copy;
}
