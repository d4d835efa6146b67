const PACKET = 188;
const SYNC = 0x47;

/** One elementary stream of a transport stream. */
export interface ElementaryStream {
  pid: number;
  /** ISO/IEC 13818-1 table 2-34: 0x1b H.264, 0x0f AAC in ADTS. */
  streamType: number;
  /** How many PES packets start in the bytes. FFmpeg's muxer writes one per video frame. */
  packets: number;
  /** The PES packets' payloads one after another, at most `limit` bytes of them. */
  payload: Buffer;
}

/**
 * Takes a transport stream apart: the streams of its first program (ISO/IEC 13818-1 section 2.4). Payload is reassembled
 * over packet boundaries. Bytes that are no TS give an empty list.
 * @param limit payload bytes to keep per stream
 */
export function readTs(bytes: Buffer, limit = 256 * 1024): ElementaryStream[] {
  const found = new Map<number, { streamType: number; packets: number; chunks: Buffer[]; size: number }>();
  let pmtPid = -1;
  for (let at = 0; at + PACKET <= bytes.length; at += PACKET) {
    if (bytes[at] !== SYNC) return [];
    const packet = readPacket(bytes.subarray(at, at + PACKET));
    if (!packet) continue;
    if (packet.pid === 0 && packet.start && pmtPid < 0) pmtPid = readPat(packet.payload);
    else if (packet.pid === pmtPid && packet.start && found.size === 0) {
      for (const [pid, streamType] of readPmt(packet.payload)) {
        found.set(pid, { streamType, packets: 0, chunks: [], size: 0 });
      }
    }
    const stream = found.get(packet.pid);
    if (!stream) continue;
    if (packet.start) stream.packets += 1;
    if (stream.size >= limit || stream.packets === 0) continue;
    const payload = packet.start ? withoutPesHeader(packet.payload) : packet.payload;
    stream.chunks.push(payload);
    stream.size += payload.length;
  }
  return [...found].map(([pid, { streamType, packets, chunks }]) => ({
    pid,
    streamType,
    packets,
    payload: Buffer.concat(chunks),
  }));
}

function readPacket(packet: Buffer): { pid: number; start: boolean; payload: Buffer } | undefined {
  const control = (packet.readUInt8(3) >> 4) & 3;
  if ((control & 1) === 0) return undefined;
  const offset = control === 3 ? 5 + packet.readUInt8(4) : 4;
  if (offset >= PACKET) return undefined;
  return {
    pid: packet.readUInt16BE(1) & 0x1fff,
    start: (packet.readUInt8(1) & 0x40) !== 0,
    payload: packet.subarray(offset),
  };
}

/** A table section's bytes from its table id on, without the CRC. */
function section(payload: Buffer): Buffer {
  const start = 1 + (payload[0] ?? 0);
  if (start + 3 > payload.length) return Buffer.alloc(0);
  const length = payload.readUInt16BE(start + 1) & 0x0fff;
  return payload.subarray(start, Math.max(start, Math.min(payload.length, start + 3 + length - 4)));
}

/** The PID of the first program's map; -1 when there is none. */
function readPat(payload: Buffer): number {
  const table = section(payload);
  for (let at = 8; at + 4 <= table.length; at += 4) {
    if (table.readUInt16BE(at) !== 0) return table.readUInt16BE(at + 2) & 0x1fff;
  }
  return -1;
}

function readPmt(payload: Buffer): [pid: number, streamType: number][] {
  const table = section(payload);
  const streams: [number, number][] = [];
  if (table.length < 12) return streams;
  let at = 12 + (table.readUInt16BE(10) & 0x0fff);
  while (at + 5 <= table.length) {
    streams.push([table.readUInt16BE(at + 1) & 0x1fff, table.readUInt8(at)]);
    at += 5 + (table.readUInt16BE(at + 3) & 0x0fff);
  }
  return streams;
}

function withoutPesHeader(payload: Buffer): Buffer {
  const isPes = payload.length >= 9 && payload.readUIntBE(0, 3) === 1;
  return isPes ? payload.subarray(9 + payload.readUInt8(8)) : payload;
}
