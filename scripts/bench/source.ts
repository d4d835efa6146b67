import { join } from 'node:path';
import { execa } from 'execa';
import { type Child, startChild } from '../e2e/harness/childProcess.ts';

export interface Source {
  file: string;
  seconds: number;
}

/** A source made beforehand, so that sending it costs next to no CPU: H.264 with a key frame every 2 s, AAC. */
export async function makeSource(dir: string, size: string, seconds: number): Promise<Source> {
  const file = join(dir, `source-${size}.ts`);
  const video = [
    '-f',
    'lavfi',
    '-i',
    `testsrc2=size=${size}:rate=30`,
    '-f',
    'lavfi',
    '-i',
    'sine=frequency=440:sample_rate=48000',
  ];
  const codecs = ['-c:v', 'libx264', '-preset', 'veryfast', '-g', '60', '-b:v', '5000k', '-c:a', 'aac', '-b:a', '128k'];
  await execa('ffmpeg', [
    '-hide_banner',
    '-loglevel',
    'error',
    '-y',
    ...video,
    '-t',
    String(seconds),
    ...codecs,
    '-f',
    'mpegts',
    file,
  ]);
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
