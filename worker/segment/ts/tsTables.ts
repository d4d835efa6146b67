import { type ElementaryStream, tsCodec } from './tsCodec.ts';

const patId = 0x00;
const pmtId = 0x02;
const nullPid = 0x1fff;
/** What is read of a PAT and of a PMT. Each program costs memory and each stream time; real ones have a few. */
const maxPrograms = 32;
const maxStreams = 64;

/** PMT PIDs of a PAT section (ISO 13818-1, 2.4.4.3) in its order, the first 32; undefined when it is none, damaged or not yet in force. */
export function parsePat(section: Buffer): number[] | undefined {
  if (!isCurrent(section, patId)) return undefined;
  const pids: number[] = [];
  for (let at = 8; at + 4 <= section.length - 4 && pids.length < maxPrograms; at += 4) {
    const isNetwork = section.readUInt16BE(at) === 0;
    if (!isNetwork) pids.push(section.readUInt16BE(at + 2) & nullPid);
  }
  return pids;
}

/** Elementary streams of a PMT section (ISO 13818-1, 2.4.4.8) in its order, the first 64; undefined as in parsePat. */
export function parsePmt(section: Buffer): ElementaryStream[] | undefined {
  if (!isCurrent(section, pmtId) || section.length < 16) return undefined;
  const streams: ElementaryStream[] = [];
  const end = section.length - 4;
  for (let at = 12 + (section.readUInt16BE(10) & 0xfff); at + 5 <= end && streams.length < maxStreams; ) {
    const pid = section.readUInt16BE(at + 1) & nullPid;
    const bytes = section.readUInt16BE(at + 3) & 0xfff;
    streams.push({
      pid,
      ...tsCodec(section.readUInt8(at), section.subarray(at + 5, Math.min(at + 5 + bytes, end))),
    });
    at += 5 + bytes;
  }
  return streams;
}

function isCurrent(section: Buffer, tableId: number): boolean {
  if (section.length < 12 || section[0] !== tableId) return false;
  const isInForce = (section.readUInt8(5) & 1) === 1;
  return isInForce && crc32Mpeg(section) === 0;
}

/** CRC-32/MPEG-2 (ISO 13818-1 annex A); over a whole section with its CRC it is 0. */
export function crc32Mpeg(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc << 8) ^ (crcTable[((crc >>> 24) ^ byte) & 0xff] ?? 0);
  return crc >>> 0;
}

const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc;
});
