import { type Child, startChild } from '../embedded/childProcess.ts';

/** Frames a second; key frames come every two seconds. */
const FPS = 30;

export const TEST_PICTURE = '1280x720';

/** The arguments of an FFmpeg that sends a test picture with a tone over SRT, at the pace of a camera. */
export const testEncoderArguments = (srtUrl: string): string[] => [
  ...['-hide_banner', '-nostdin', '-loglevel', 'error'],
  ...['-re', '-f', 'lavfi', '-i', `testsrc2=size=${TEST_PICTURE}:rate=${FPS}`],
  ...['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:beep_factor=4:sample_rate=48000'],
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
  ...['-b:v', '2500k', '-maxrate', '2500k', '-bufsize', '5000k', '-g', String(2 * FPS), '-sc_threshold', '0'],
  ...['-c:a', 'aac', '-b:a', '128k', '-ar', '48000', '-f', 'mpegts', srtUrl],
];

/** Publishes the test picture until it is stopped, or the other side hangs up. */
export function startTestEncoder(options: {
  program: string;
  srtUrl: string;
  env: NodeJS.ProcessEnv;
  cwd: string;
}): Child {
  const { program, srtUrl, env, cwd } = options;
  return startChild({ name: 'encoder', command: program, args: testEncoderArguments(srtUrl), env, cwd });
}
