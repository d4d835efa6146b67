import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface TestEncoder {
  /** Resolves with the exit code (null: killed) when ffmpeg is gone. */
  readonly exited: Promise<number | null>;
  /** What ffmpeg wrote to stderr. */
  errors(): string;
  kill(signal: NodeJS.Signals): void;
}

/** A real ffmpeg that publishes a small test picture with sound over SRT, at real-time speed. `muxrate` pads the TS to that rate. */
export function startEncoder(url: string, options: { seconds?: number; muxrate?: string } = {}): TestEncoder {
  const seconds = options.seconds ?? 60;
  const picture = ['-re', '-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${seconds}`];
  const sound = ['-re', '-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-b:v', '400k', '-c:a', 'aac'];
  const padding = options.muxrate ? ['-muxrate', options.muxrate] : [];
  const args = ['-hide_banner', '-loglevel', 'error', ...picture, ...sound, ...codecs, ...padding, '-f', 'mpegts', url];
  const ffmpeg = spawn('ffmpeg', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  ffmpeg.stderr.setEncoding('utf8').on('data', text => {
    errors += text;
  });
  const exited = once(ffmpeg, 'exit').then(([code]) => code as number | null);
  return { exited, errors: () => errors, kill: signal => void ffmpeg.kill(signal) };
}
