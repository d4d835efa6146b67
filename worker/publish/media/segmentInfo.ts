import { parseSps, type SpsInfo } from '../../segment/ts/parseSps.ts';
import { type ElementaryStream, readTs } from './tsReader.ts';

const H264 = 0x1b;
const AAC_ADTS = 0x0f;
const SPS = 7;
const SAMPLE_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];

export interface VideoInfo {
  /** RFC 6381, e.g. `avc1.64001f`. */
  codec: string;
  width: number;
  height: number;
  /** Frames a second, at most 3 decimals. */
  frameRate: number;
}

export interface AudioInfo {
  /** RFC 6381, e.g. `mp4a.40.2`. */
  codec: string;
  sampleRate: number;
}

/** What a segment really holds, for the multivariant playlist. Undefined: not there, or not H.264 / AAC. */
export interface SegmentInfo {
  video: VideoInfo | undefined;
  audio: AudioInfo | undefined;
}

/** Looks into a closed MPEG-TS segment. */
export function segmentInfo(bytes: Buffer, durationSeconds: number): SegmentInfo {
  const streams = readTs(bytes);
  const video = streams.find(({ streamType }) => streamType === H264);
  const audio = streams.find(({ streamType }) => streamType === AAC_ADTS);
  return {
    video: video && videoInfo(video, durationSeconds),
    audio: audio && audioInfo(audio.payload),
  };
}

function videoInfo(stream: ElementaryStream, durationSeconds: number): VideoInfo | undefined {
  const nal = findNal(stream.payload, SPS);
  const sps = nal && parseSps(nal);
  if (!sps) return undefined;
  const { codec, width, height } = sps;
  return { codec, width, height, frameRate: frameRate(sps, stream.packets / durationSeconds) };
}

/** The SPS's rate where it agrees with the frames that are there: it may state a clock rather than a rate. */
function frameRate(sps: SpsInfo, counted: number): number {
  const stated = sps.frameRate;
  const agrees = stated !== undefined && Math.abs(stated - counted) <= 0.1 * stated;
  const rate = agrees || !Number.isFinite(counted) ? (stated ?? 0) : counted;
  return Math.round(rate * 1000) / 1000;
}

/** The first NAL unit of a type in an Annex B byte stream, from its header byte to the next start code. */
function findNal(bytes: Buffer, type: number): Buffer | undefined {
  const startCode = Buffer.from([0, 0, 1]);
  for (let at = bytes.indexOf(startCode); at >= 0; at = bytes.indexOf(startCode, at + 3)) {
    if (((bytes[at + 3] ?? 0) & 0x1f) !== type) continue;
    const end = bytes.indexOf(startCode, at + 3);
    return bytes.subarray(at + 3, end < 0 ? bytes.length : end);
  }
  return undefined;
}

/** From the first ADTS header (ISO/IEC 13818-7 section 6.2). */
function audioInfo(payload: Buffer): AudioInfo | undefined {
  for (let at = 0; at + 7 <= payload.length; at += 1) {
    if (payload[at] !== 0xff || (payload.readUInt8(at + 1) & 0xf6) !== 0xf0) continue;
    const third = payload.readUInt8(at + 2);
    const sampleRate = SAMPLE_RATES[(third >> 2) & 0xf];
    if (sampleRate !== undefined) return { codec: `mp4a.40.${(third >> 6) + 1}`, sampleRate };
  }
  return undefined;
}
