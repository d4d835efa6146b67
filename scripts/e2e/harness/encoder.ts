import { type Child, startChild } from './childProcess.ts';

export interface EncoderOptions {
  srtUrl: string;
  size?: string;
  fps?: number;
  /** Key frame distance in seconds. */
  gop?: number;
  /** Output arguments in place of H.264 and AAC, e.g. ['-c:v', 'libx265', ...]. */
  codecs?: readonly string[];
  audio?: boolean;
  /** FFmpeg's filter for the picture. */
  filter?: string;
  /** The picture ends after so long, and with it all. */
  seconds?: number;
  /** The tone ends earlier. */
  toneSeconds?: number;
}

/** A real encoder: FFmpeg sending a test picture and a tone over SRT, at the pace of a live source. */
export function startEncoder(options: EncoderOptions): Child {
  const { size = '320x180', fps = 30, gop = 2, audio = true } = options;
  const input = ['-re', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}`];
  const toneLength = options.toneSeconds === undefined ? [] : ['-t', String(options.toneSeconds)];
  const tone = audio ? ['-re', '-f', 'lavfi', ...toneLength, '-i', 'sine=frequency=440:sample_rate=48000'] : [];
  const filter = options.filter === undefined ? [] : ['-vf', options.filter];
  const codecs = options.codecs ?? [
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
    ...['-g', String(fps * gop), '-b:v', '800k', ...(audio ? ['-c:a', 'aac', '-b:a', '96k'] : [])],
  ];
  const length = options.seconds === undefined ? [] : ['-t', String(options.seconds)];
  return startChild('ffmpeg', [
    ...['-hide_banner', '-nostdin', '-loglevel', 'warning'],
    ...input,
    ...tone,
    ...filter,
    ...codecs,
    ...length,
    ...['-f', 'mpegts', options.srtUrl],
  ]);
}
