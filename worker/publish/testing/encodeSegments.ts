import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { EpochWriter } from '../../segment/epochWriter.ts';
import type { SegmentEpoch } from '../../segment/segmentEpoch.ts';

/**
 * A real FFmpeg's tiny picture and tone, segmented into an epoch as a transcode does it; closes the epoch.
 * The signal kills FFmpeg. For tests.
 */
export async function encodeSegments(options: {
  epoch: SegmentEpoch;
  /** Which renditions it makes; default: the first. */
  renditions?: readonly number[];
  seconds: number;
  /** The tone's length, where it ends before the picture. */
  toneSeconds?: number;
  segmentSeconds: number;
  /** As fast as the picture is; otherwise as fast as it can. */
  realTime?: boolean;
  /** Pictures a second. */
  rate?: number;
  signal?: AbortSignal;
}): Promise<void> {
  const {
    epoch,
    renditions = [0],
    seconds,
    toneSeconds = seconds,
    segmentSeconds,
    realTime = false,
    rate = 10,
    signal,
  } = options;
  const places = [...renditions.keys()];
  const source = (input: string, length: number) => [
    ...[...(realTime ? ['-re'] : []), '-f', 'lavfi', '-t', String(length), '-i', input],
  ];
  const output = (i: number) => [
    ...['-map', '0:v', '-map', '1:a', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-c:a', 'aac'],
    ...['-force_key_frames', `expr:gte(t,n_forced*${segmentSeconds})`, '-sc_threshold', '0'],
    ...['-s', `${320 >> i}x${180 >> i}`, '-f', 'mpegts', '-pes_payload_size', '0', `pipe:${3 + i}`],
  ];
  const inputs = [...source(`testsrc2=size=320x180:rate=${rate}`, seconds), ...source('sine=r=48000', toneSeconds)];
  const ffmpeg = execa('ffmpeg', ['-v', 'error', '-nostdin', ...inputs, ...places.flatMap(output)], {
    stdio: ['ignore', 'ignore', 'inherit', ...places.map(() => 'pipe' as const)],
    buffer: false,
    forceKillAfterDelay: 100,
    reject: false,
    ...(signal ? { cancelSignal: signal } : {}),
  });
  const writer = new EpochWriter({ epoch, renditions, segmentSeconds, firstSeconds: segmentSeconds });
  const feeds = places.map(i => writer.feed(i, ffmpeg.stdio[3 + i] as Readable));
  const [{ failed }] = await Promise.all([ffmpeg, ...feeds]);
  await writer.close();
  if (failed && !signal?.aborted) throw new Error('ffmpeg failed: see above');
}
