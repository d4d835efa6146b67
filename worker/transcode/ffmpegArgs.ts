import type { Rendition } from '../../common/config/encoding.ts';
import type { Inputs } from './chooseInputs.ts';
import type { Encoding } from './encoding.ts';
import { limitedTo } from './ladderRungs.ts';
import { segmentTiming } from './segmentTiming.ts';
import type { SpanPlan } from './spanPlan.ts';
import { videoEncoder } from './videoEncoder.ts';
import { videoFilter } from './videoFilter.ts';

/** Descriptor of the first rendition's output. */
const FIRST_OUTPUT = 4;
const QUICK_PIXELS = 1_920 * 1_088;

/**
 * FFmpeg's arguments for one process: MPEG-TS on stdin; for each rendition MPEG-TS on a descriptor of its own, from 4 on;
 * -progress reports on descriptor 3.
 */
export function ffmpegArgs(options: {
  encoding: Encoding;
  plan: SpanPlan;
  inputs: Inputs;
  /** Larger pictures are not decoded. */
  maxPixels: number;
  /** Encoded pictures begin so long after the first one. */
  skipSeconds?: number;
}): string[] {
  const { encoding, plan, inputs, skipSeconds = 0 } = options;
  const isSilent = inputs.audio === 'silence';
  const source = `0:i:${inputs.video.pid}`;
  const made = plan.renditions.flatMap(place => limited(encoding, place, inputs.size));
  const copied = plan.picture === 'encode' ? 0 : 1;
  const encoded = made.slice(copied);
  const { device, upload } = videoEncoder(encoding.encoder ?? 'libx264');
  return [
    ...['-hide_banner', '-nostats', '-loglevel', 'repeat+level+warning', '-stats_period', '1', '-progress', 'pipe:3'],
    ...(encoded.length > 0 ? device : []),
    // A second input makes FFmpeg read both through queues; 8 packets, the default, would block the pipe at once.
    ...(isSilent ? ['-thread_queue_size', '64'] : []),
    // The forced format reads nothing but the pipe; the list holds for what FFmpeg may come to think of it.
    ...['-protocol_whitelist', 'pipe', '-max_pixels', `${options.maxPixels}`],
    ...(encoding.latency === 'low' ? quickDecoder(inputs.size) : []),
    // The probe has seen every stream that is mapped, so nothing more has to be waited for.
    ...['-probesize', '5000000', '-analyzeduration', '500000', '-f', 'mpegts', '-i', 'pipe:0'],
    ...(isSilent ? ['-f', 'lavfi', '-i', `anullsrc=r=${encoding.audioRate}:cl=stereo`] : []),
    ...(encoded.length > 0 ? ['-filter_complex', videoFilter(source, encoded, { upload, skipSeconds })] : []),
    ...made.flatMap((rendition, i) => [
      ...(i < copied
        ? ['-map', source, '-c:v', 'copy']
        : ['-map', `[v${i - copied}]`, ...videoArgs(rendition, encoding, copied > 0, skipSeconds > 0)]),
      ...(plan.copiesAudio ? copiedAudio(inputs.audio) : audioArgs(inputs.audio, rendition, encoding)),
      ...pipeArgs(i),
    ]),
  ];
}

/** One thread: several hold back a picture each. A picture above 1080p may need them to keep up. */
const quickDecoder = (size: Inputs['size']): string[] =>
  size !== undefined && size.width * size.height > QUICK_PIXELS ? [] : ['-threads', '1'];

/** A rendition of a ladder is never larger than the source. */
function limited({ abr, renditions }: Encoding, place: number, size: Inputs['size']): Rendition[] {
  const rendition = renditions[place];
  if (rendition === undefined) return [];
  return [abr ? limitedTo(rendition, size) : rendition];
}

function videoArgs(rendition: Rendition, encoding: Encoding, followsSource: boolean, beginsLater: boolean): string[] {
  const { encoder = 'libx264', preset, threads = 0 } = encoding;
  return [
    ...videoEncoder(encoder).args(rendition, { preset, threads }),
    ...(followsSource ? sourceKeyFrames : ['-fpsmax', '60', ...keyFrameArgs(encoding, beginsLater)]),
  ];
}

/** The source's key frames and pictures, each at its time, so that a copied rendition is cut at the same ones. */
const sourceKeyFrames = [
  ...['-force_key_frames', 'source', '-fps_mode', 'passthrough', '-enc_time_base', '-1', '-g', '1000'],
];

/** Key frames by time, so that they fall on the cuts at every frame rate; -g is a ceiling that is never reached. */
function keyFrameArgs({ segmentSeconds, gopSeconds }: Encoding, beginsLater: boolean): string[] {
  const { first, gops } = segmentTiming(segmentSeconds, gopSeconds);
  // As a fraction: a rounded interval would drift off the cuts within hours.
  const times = `${first}+(n_forced-1)*${segmentSeconds}/${gops}`;
  // Counted from the first picture's time, which is kept.
  const later = `expr:if(gt(n_forced,0),gte(t,ld(0)+${times}),gte(st(0,t),-1))`;
  const forced = beginsLater ? later : `expr:gte(t,if(gt(n_forced,0),${times},0))`;
  const ceiling = Math.max(300, Math.ceil((60 * segmentSeconds) / gops) * 2);
  return ['-force_key_frames', forced, '-g', `${ceiling}`];
}

const copiedAudio = (audio: Inputs['audio']): string[] =>
  typeof audio === 'string' ? [] : ['-map', `0:i:${audio.pid}`, '-c:a', 'copy'];

function audioArgs(audio: Inputs['audio'], rendition: Rendition, encoding: Encoding): string[] {
  if (audio === 'none') return [];
  const encoder = ['-c:a', 'aac', '-ar', `${encoding.audioRate}`, '-ac', '2', '-b:a', `${rendition.audio}k`];
  // Silence has no end of its own: -shortest ends it with the picture.
  if (audio === 'silence') return ['-map', '1:a:0', ...encoder, '-shortest'];
  return ['-map', `0:i:${audio.pid}`, '-af', 'aresample=async=1:first_pts=0', ...encoder];
}

/**
 * One frame of sound in each PES packet: the segmenter divides them between segments, and they do not wait for more. PAT and
 * PMT are written anew for each segment. No shift of timestamps: it would differ from rendition to rendition.
 */
const pipeArgs = (output: number): string[] => [
  ...['-f', 'mpegts', '-pes_payload_size', '0', '-pat_period', '4', '-sdt_period', '3600'],
  ...['-avoid_negative_ts', 'disabled', `pipe:${FIRST_OUTPUT + output}`],
];
