import { BitReader } from './bitReader.ts';

export interface SpsInfo {
  /** RFC 6381: `avc1.PPCCLL`. */
  codec: string;
  /** Pixels of the picture, after cropping. */
  width: number;
  height: number;
  /** The same before cropping. */
  codedWidth: number;
  codedHeight: number;
  /** From the VUI's timing; undefined when it has none. */
  frameRate: number | undefined;
  /** Whether the VUI promises that rate (fixed_frame_rate_flag). */
  isFixedRate: boolean;
}

/** Profiles whose SPS says its chroma format (ITU-T H.264 section 7.3.2.1.1). */
const WITH_CHROMA = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const noRate = { frameRate: undefined, isFixedRate: false } as const;
/** aspect_ratio_idc: the ratio follows in 32 bits. */
const EXTENDED_SAR = 255;

/**
 * Reads an H.264 sequence parameter set.
 * @param nal the NAL unit from its header byte on, with emulation prevention bytes as they are in the stream
 */
export function parseSps(nal: Buffer): SpsInfo | undefined {
  const rbsp = withoutEmulationPrevention(nal.subarray(1));
  if (rbsp.length < 4) return undefined;
  try {
    return { codec: `avc1.${rbsp.toString('hex', 0, 3)}`, ...readSps(new BitReader(rbsp)) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** RBSP of a NAL unit's payload (ITU-T H.264 7.4.1.1, H.265 7.4.2.3). */
export function withoutEmulationPrevention(bytes: Buffer): Buffer {
  return Buffer.from(bytes.filter((byte, i) => !(byte === 3 && i >= 2 && bytes[i - 1] === 0 && bytes[i - 2] === 0)));
}

function readSps(bits: BitReader): Omit<SpsInfo, 'codec'> {
  const profile = bits.bits(8);
  bits.bits(16);
  bits.unsigned();
  let chroma = 1;
  if (WITH_CHROMA.has(profile)) chroma = readChroma(bits);
  bits.unsigned();
  skipPictureOrder(bits);
  bits.unsigned();
  bits.flag();
  const columns = bits.unsigned() + 1;
  const rows = bits.unsigned() + 1;
  const framesOnly = bits.flag();
  if (!framesOnly) bits.flag();
  bits.flag();
  const fields = framesOnly ? 1 : 2;
  const [left, right, top, bottom] = bits.flag()
    ? [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()]
    : [0, 0, 0, 0];
  // Crop units, ITU-T H.264 equations 7-19 to 7-22: chroma samples, and twice the rows for fields.
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * fields;
  const [codedWidth, codedHeight] = [columns * 16, rows * 16 * fields];
  return {
    width: codedWidth - (left + right) * unitX,
    height: codedHeight - (top + bottom) * unitY,
    ...{ codedWidth, codedHeight },
    ...(bits.flag() ? readFrameRate(bits) : noRate),
  };
}

function readChroma(bits: BitReader): number {
  const chroma = bits.unsigned();
  if (chroma === 3) bits.flag();
  bits.unsigned();
  bits.unsigned();
  bits.flag();
  if (bits.flag()) {
    for (let list = 0; list < (chroma === 3 ? 12 : 8); list += 1)
      if (bits.flag()) skipScalingList(bits, list < 6 ? 16 : 64);
  }
  return chroma;
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  for (let i = 0; i < size; i += 1) {
    last = (last + bits.signed() + 256) % 256;
    if (last === 0) return;
  }
}

function skipPictureOrder(bits: BitReader): void {
  const type = bits.unsigned();
  if (type === 0) bits.unsigned();
  if (type !== 1) return;
  bits.flag();
  bits.signed();
  bits.signed();
  for (let left = bits.unsigned(); left > 0; left -= 1) bits.signed();
}

/** VUI up to its timing (ITU-T H.264 section E.1.1): two ticks are one frame. */
function readFrameRate(bits: BitReader): Pick<SpsInfo, 'frameRate' | 'isFixedRate'> {
  if (bits.flag() && bits.bits(8) === EXTENDED_SAR) bits.bits(32);
  if (bits.flag()) bits.flag();
  if (bits.flag()) {
    bits.bits(4);
    if (bits.flag()) bits.bits(24);
  }
  if (bits.flag()) {
    bits.unsigned();
    bits.unsigned();
  }
  if (!bits.flag()) return noRate;
  const unitsInTick = bits.bits(32);
  const timeScale = bits.bits(32);
  const isFixedRate = bits.flag();
  return unitsInTick > 0 ? { frameRate: timeScale / (2 * unitsInTick), isFixedRate } : noRate;
}
