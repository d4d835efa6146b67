import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { clockPicture, drawClock } from './clockPicture.ts';

const FPS = 25;

export interface ClockEncoder {
  readonly exited: Promise<unknown>;
  kill(signal: NodeJS.Signals): void;
}

/** An encoder whose pictures show when each of them was made (Date.now()), at 25 a second, with a tone. `gop` in seconds. */
export function startClockEncoder(srtUrl: string, { gop = 2 } = {}): ClockEncoder {
  const { width, height } = clockPicture;
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ...['-hide_banner', '-nostdin', '-loglevel', 'fatal', '-fflags', 'nobuffer'],
      ...['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', `${width}x${height}`, '-r', String(FPS), '-i', 'pipe:0'],
      ...['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-map', '0:v', '-map', '1:a'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
      ...['-g', String(FPS * gop), '-b:v', '1000k', '-c:a', 'aac', '-b:a', '64k', '-shortest', '-f', 'mpegts', srtUrl],
    ],
    { stdio: ['pipe', 'ignore', 'ignore'] },
  );
  const picture = Buffer.alloc(width * height);
  const begun = performance.now();
  let frame = 0;
  const timer = setInterval(() => {
    // Late ticks are made up for, so that timestamps keep up with the clock.
    for (; frame <= ((performance.now() - begun) * FPS) / 1000; frame += 1) {
      drawClock(picture, Date.now(), frame);
      ffmpeg.stdin.write(Buffer.from(picture));
    }
  }, 5);
  ffmpeg.stdin.on('error', () => undefined);
  const exited = once(ffmpeg, 'exit').finally(() => clearInterval(timer));
  return { exited, kill: signal => void ffmpeg.kill(signal) };
}
