import { crc32Mpeg } from '../../segment/ts/tsTables.ts';

/** A PSI section with its CRC. */
export function withCrc(bytes: readonly number[]): Buffer {
  const body = Buffer.from(bytes);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32Mpeg(body));
  return Buffer.concat([body, crc]);
}

const high = (number: number): number => number >> 8;
const low = (number: number): number => number & 0xff;

/** A PAT section; `programs`: PMT PIDs by program number from 1 on. */
export function patSection(programs: readonly number[], version = 0): Buffer {
  const length = 9 + 4 * programs.length;
  return withCrc([
    ...[0, 0xb0 | high(length), low(length), 0, 1, 0xc1 | (version << 1), 0, 0],
    ...programs.flatMap((pid, i) => [high(i + 1), low(i + 1), 0xe0 | high(pid), low(pid)]),
  ]);
}

/** A PMT section without descriptors. */
export function pmtSection(program: number, streams: readonly { type: number; pid: number }[], version = 0): Buffer {
  const length = 13 + 5 * streams.length;
  return withCrc([
    ...[2, 0xb0 | high(length), low(length), high(program), low(program), 0xc1 | (version << 1), 0, 0],
    ...[0xff, 0xff, 0xf0, 0],
    ...streams.flatMap(({ type, pid }) => [type, 0xe0 | high(pid), low(pid), 0xf0, 0]),
  ]);
}

/** A section as packets of its PID. */
export function sectionPackets(pid: number, section: Buffer): Buffer {
  const payload = Buffer.concat([Buffer.from([0]), section]);
  const packets: Buffer[] = [];
  for (let at = 0, counter = 0; at < payload.length; at += 184, counter += 1) {
    const packet = Buffer.alloc(188, 0xff);
    packet.set([0x47, (at === 0 ? 0x40 : 0) | high(pid), low(pid), 0x10 | (counter & 15)]);
    packet.set(payload.subarray(at, at + 184), 4);
    packets.push(packet);
  }
  return Buffer.concat(packets);
}

/** A PMT of one packet. */
export const pmtPacket = (pid: number, program: number, streams: readonly { type: number; pid: number }[]): Buffer =>
  sectionPackets(pid, pmtSection(program, streams));
