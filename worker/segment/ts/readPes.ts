export interface PesStart {
  /** 90 kHz, 33 bits. Undefined: this PES packet carries none. */
  pts: number | undefined;
  /** As pts where the stream gives no DTS of its own. */
  dts: number | undefined;
  /** Where the payload begins in `data`. */
  payloadAt: number;
  /** Bytes of the whole PES packet; infinite where the stream leaves it open, as video does. */
  bytes: number;
}

const headerBytes = 9;

/**
 * The PES header that begins at `at` (ISO 13818-1, 2.4.3.6), inside one transport packet that ends at `end`. Undefined: no
 * PES packet begins there.
 */
export function readPes(data: Buffer, at: number, end: number): PesStart | undefined {
  if (at + headerBytes > end || data.readUIntBE(at, 3) !== 1) return undefined;
  const length = data.readUInt16BE(at + 4);
  const flags = data.readUInt8(at + 7);
  const pts = flags & 0x80 && at + 14 <= end ? timestamp(data, at + 9) : undefined;
  const dts = (flags & 0xc0) === 0xc0 && at + 19 <= end ? timestamp(data, at + 14) : pts;
  const payloadAt = Math.min(at + headerBytes + data.readUInt8(at + 8), end);
  return { pts, dts, payloadAt, bytes: length === 0 ? Number.POSITIVE_INFINITY : length + 6 };
}

/** 33 bits between marker bits (ISO 13818-1, 2.4.3.7). */
function timestamp(data: Buffer, at: number): number {
  const high = (data.readUInt8(at) >> 1) & 0x07;
  return high * 2 ** 30 + (data.readUInt16BE(at + 1) >> 1) * 2 ** 15 + (data.readUInt16BE(at + 3) >> 1);
}
