import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface TsOptions {
  seconds?: number;
  size?: string;
  fps?: string;
  /** Video codec arguments. */
  video?: readonly string[];
  /** Audio codec arguments; 'none' leaves the audio out. */
  audio?: readonly string[] | 'none';
  /** How much later than the video the audio begins, seconds. */
  audioDelay?: number;
  /** Key frame distance, pictures. */
  gop?: number;
  /** Arguments of the muxer. */
  muxer?: readonly string[];
}

export const videoPid = 256;
export const audioPid = 257;

/** A real FFmpeg's MPEG-TS of a test picture and a tone: video on PID 256, audio on 257. */
export async function makeTs(options: TsOptions = {}): Promise<Buffer> {
  const { seconds = 6, size = '160x90', fps = '30', audioDelay = 0, gop = 30, muxer = [] } = options;
  const { video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'], audio = ['-c:a', 'aac'] } =
    options;
  const hasAudio = audio !== 'none';
  const delay = ['-itsoffset', `${audioDelay}`];
  const tone = ['-f', 'lavfi', '-i', `sine=sample_rate=48000:duration=${seconds - audioDelay}`];
  const args = [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}:duration=${seconds}`],
    ...(hasAudio ? [...delay, ...tone, '-map', '0:v', '-map', '1:a', ...audio] : []),
    ...[...video, '-g', `${gop}`, ...muxer, '-f', 'mpegts', 'pipe:1'],
  ];
  const run = promisify(execFile);
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 100_000_000 });
  return stdout;
}
