import { join } from 'node:path';
import { execa } from 'execa';
import { type Child, startChild } from '../e2e/harness/childProcess.ts';

export interface Source {
  file: string;
  seconds: number;
}

/**
 * A source made beforehand, so that sending it costs next to no CPU: H.264 with a key frame every 2 s, AAC.
 * @param options.keyFramesAt where the key frames are instead, s
 */
export async function makeSource(
  dir: string,
  options: { size: string; seconds: number; rate?: number; kbps?: number; keyFramesAt?: readonly number[] },
): Promise<Source> {
  const { size, seconds, rate = 30, kbps = 5_000, keyFramesAt } = options;
  const file = join(dir, `source-${size}.ts`);
  const lavfi = (input: string): string[] => ['-f', 'lavfi', '-i', input];
  const inputs = [...lavfi(`testsrc2=size=${size}:rate=${rate}`), ...lavfi('sine=frequency=440:sample_rate=48000')];
  const keyFrames = keyFramesAt
    ? ['-g', String(seconds * rate), '-sc_threshold', '0', '-force_key_frames', keyFramesAt.join(',')]
    : ['-g', String(2 * rate)];
  const video = ['-c:v', 'libx264', '-preset', 'veryfast', ...keyFrames, '-b:v', `${kbps}k`];
  const audio = ['-c:a', 'aac', '-b:a', '128k'];
  const output = ['-t', String(seconds), ...video, ...audio, '-f', 'mpegts', file];
  await execa('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...inputs, ...output]);
  return { file, seconds };
}

/** Sends the source at its own pace over SRT, once. */
export function sendSource(source: Source, srtUrl: string): Child {
  return startChild('ffmpeg', [
    '-hide_banner',
    '-nostdin',
    '-loglevel',
    'error',
    '-re',
    '-i',
    source.file,
    '-c',
    'copy',
    '-f',
    'mpegts',
    srtUrl,
  ]);
}
