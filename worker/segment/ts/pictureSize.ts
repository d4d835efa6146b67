import { BitReader } from './bitReader.ts';
import { parseSps, withoutEmulationPrevention } from './parseSps.ts';

/** What a decoder has to have room for, and how fast it has to be. */
export interface PictureSize {
  /** Pixels, before cropping: an encoder may crop a huge picture to a small one. */
  width: number;
  height: number;
  /** Pixels that are shown: after cropping. */
  shown: { width: number; height: number };
  /** Pictures a second, where the stream promises a fixed rate; else undefined. */
  frameRate: number | undefined;
}

/**
 * The size in a unit that holds one.
 * @param unit from the byte after the start code on: an H.264 or HEVC SPS, an MPEG-1 or MPEG-2 sequence header
 * @returns undefined for one that is damaged, cut short, or of another codec
 */
export function pictureSize(codec: string, unit: Buffer): PictureSize | undefined {
  if (codec === 'h264') return h264Size(unit);
  if (codec === 'hevc') return hevcSize(unit);
  // ISO 13818-2, 6.2.2.1: 12 bits each.
  if (!codec.startsWith('mpeg') || unit.length < 4) return undefined;
  const both = unit.readUIntBE(1, 3);
  const size = { width: both >> 12, height: both & 0xfff };
  return { ...size, shown: size, frameRate: undefined };
}

function h264Size(unit: Buffer): PictureSize | undefined {
  const sps = parseSps(unit);
  if (sps === undefined) return undefined;
  // Without a fixed rate the VUI often holds the clock of the timestamps.
  const frameRate = sps.isFixedRate ? sps.frameRate : undefined;
  const { width, height, codedWidth, codedHeight } = sps;
  const coded = { width: codedWidth, height: codedHeight };
  return { ...coded, shown: leftOf(coded, { width, height }), frameRate };
}

/** ITU-T H.265, 7.3.2.2.1 and 7.3.3, up to the conformance window. */
function hevcSize(unit: Buffer): PictureSize | undefined {
  const bits = new BitReader(withoutEmulationPrevention(unit.subarray(2)));
  try {
    bits.bits(4);
    const subLayers = bits.bits(3);
    bits.flag();
    bits.skip(96);
    skipSubLayers(bits, subLayers);
    bits.unsigned();
    const chroma = bits.unsigned();
    if (chroma === 3) bits.flag();
    const size = { width: bits.unsigned(), height: bits.unsigned() };
    return { ...size, shown: conformanceWindow(bits, size, chroma), frameRate: undefined };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** ITU-T H.265, 7.4.3.2.1: the window's offsets count chroma samples. */
function conformanceWindow(bits: BitReader, { width, height }: Area, chroma: number): Area {
  if (!bits.flag()) return { width, height };
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = chroma === 1 ? 2 : 1;
  const [left, right, top, bottom] = [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()];
  const cropped = { width: width - (left + right) * unitX, height: height - (top + bottom) * unitY };
  return leftOf({ width, height }, cropped);
}

type Area = PictureSize['shown'];

/** Cropping that leaves nothing is nonsense. */
const leftOf = (coded: Area, cropped: Area): Area => (cropped.width > 0 && cropped.height > 0 ? cropped : coded);

function skipSubLayers(bits: BitReader, subLayers: number): void {
  if (subLayers === 0) return;
  const flags = Array.from({ length: subLayers }, () => ({ hasProfile: bits.flag(), hasLevel: bits.flag() }));
  bits.skip(2 * (8 - subLayers));
  for (const { hasProfile, hasLevel } of flags) bits.skip((hasProfile ? 88 : 0) + (hasLevel ? 8 : 0));
}
