import { execa } from 'execa';
import { defaultSingle, type VideoEncoder } from '../../common/config/encoding.ts';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import { ffmpegEnvironment } from './ffmpegEnvironment.ts';
import type { FfmpegLauncher } from './ffmpegLauncher.ts';
import { videoEncoder } from './videoEncoder.ts';

const ANSWER_MS = 20_000;
const PICTURES = 10;

/**
 * The encoder that this worker uses: VIDEO_ENCODER, once it has encoded a few pictures on this host, under the limits that FFmpeg
 * has later. One that fails is replaced by libx264, with a warning, or throws `dependency_missing` without `fallback`.
 */
export async function probeEncoder(options: {
  encoder: VideoEncoder;
  /** VIDEO_ENCODER_FALLBACK. */
  fallback: boolean;
  ffmpeg: string;
  launcher: FfmpegLauncher;
  log: Logger;
}): Promise<VideoEncoder> {
  const { encoder, fallback, log } = options;
  // checkFfmpeg() has made sure of libx264.
  if (encoder === 'libx264') return encoder;
  const why = await tryEncoder(options);
  if (why === undefined) {
    log.info({ encoder }, 'the video encoder works on this host');
    return encoder;
  }
  if (!fallback) {
    throw new AppError(
      'dependency_missing',
      `VIDEO_ENCODER=${encoder} does not work on this host (${why}); mend it, set VIDEO_ENCODER=libx264, or VIDEO_ENCODER_FALLBACK=on`,
    );
  }
  log.warn({ encoder, why }, 'the video encoder does not work on this host; libx264 is used instead');
  return 'libx264';
}

/** Why it does not encode; undefined: it does. */
async function tryEncoder({
  encoder,
  ffmpeg,
  launcher,
}: Parameters<typeof probeEncoder>[0]): Promise<string | undefined> {
  const { device, upload, args } = videoEncoder(encoder);
  const [program = ffmpeg, ...rest] = [
    ...[...launcher.words, ffmpeg, '-hide_banner', '-nostats', '-loglevel', 'error', ...device],
    ...['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30', '-frames:v', `${PICTURES}`],
    ...['-vf', ['format=yuv420p', upload].filter(Boolean).join(',')],
    ...[...args({ ...defaultSingle, video: 1_000 }, { preset: 'veryfast', threads: 1 }), '-f', 'null', '-'],
  ];
  const result = await execa(program, rest, {
    env: ffmpegEnvironment,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout: ANSWER_MS,
    killSignal: 'SIGKILL',
  });
  if (!result.failed) return undefined;
  if (result.timedOut) return `no answer within ${ANSWER_MS / 1_000} s`;
  const [first] = `${result.stderr ?? ''}`.split('\n').filter(Boolean);
  return first?.slice(0, 200) ?? `exit code ${result.exitCode}`;
}
