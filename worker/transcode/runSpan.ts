import { chown } from 'node:fs/promises';
import type { Logger } from '../../common/createLogger.ts';
import type { Encoding } from './encoding.ts';
import { ffmpegArgs } from './ffmpegArgs.ts';
import { FfmpegHealth } from './ffmpegHealth.ts';
import type { FfmpegLauncher } from './ffmpegLauncher.ts';
import { type FfmpegExit, FfmpegProcess } from './ffmpegProcess.ts';
import type { MediaSpan } from './mediaSpan.ts';
import type { Progress } from './progress.ts';
import type { SegmentEpoch, SegmentSink } from './segmentSink.ts';
import { speedometer } from './speedometer.ts';
import type { TranscodeLimits } from './transcodeLimits.ts';

export interface SpanEnd {
  exit: FfmpegExit;
  sawPicture: boolean;
  /** From the start to the last progress, ms. */
  ranMs: number;
}

export interface SpanOptions {
  span: MediaSpan;
  streamId: string;
  encoding: Encoding;
  sink: SegmentSink;
  signal: AbortSignal;
  log: Logger;
  limits: TranscodeLimits;
  onProgress?: ((progress: Progress) => void) | undefined;
  ffmpeg: string;
  launcher?: FfmpegLauncher | undefined;
}

/** Runs one FFmpeg over one span of media, in an epoch of its own, which is closed whatever happens. */
export async function runSpan(options: SpanOptions): Promise<SpanEnd> {
  const epoch = await options.sink.openEpoch(options.span.startedAt);
  try {
    const uid = options.launcher?.uid;
    if (uid !== undefined) await chown(epoch.dir, uid, uid);
    return await runFfmpeg(options, epoch);
  } finally {
    await epoch.close();
  }
}

async function runFfmpeg(options: SpanOptions, epoch: SegmentEpoch): Promise<SpanEnd> {
  const { span, streamId, encoding, signal, limits } = options;
  const startedAt = performance.now();
  const health = new FfmpegHealth(startedAt);
  const speed = speedometer();
  let frames = 0;
  let progressAt = startedAt;
  const ffmpeg = new FfmpegProcess({
    path: options.ffmpeg,
    launcher: options.launcher,
    args: ffmpegArgs({
      streamId,
      encoding,
      inputs: span.inputs,
      firstNumber: epoch.firstNumber,
      maxPixels: limits.maxPixels,
    }),
    cwd: epoch.dir,
    input: span,
    stopMs: limits.stopMs,
    onFed: isBlocked => health.fed(performance.now(), isBlocked),
    onDrained: () => health.drained(performance.now()),
    onReport: report => {
      const now = performance.now();
      health.reported(report);
      if (report.frames > frames) progressAt = now;
      frames = report.frames;
      const behindSeconds = Math.max(0, span.videoSeconds - report.seconds);
      options.onProgress?.({ ...report, speed: speed(now, report.seconds), behindSeconds });
    },
  });
  options.log.info({ ffmpegPid: ffmpeg.pid, inputs: span.inputs, firstNumber: epoch.firstNumber }, 'FFmpeg started');
  const stopWatching = watch(options, ffmpeg, health);
  const stop = () => ffmpeg.stop();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    const exit = await ffmpeg.exited;
    return { exit, sawPicture: frames > 0, ranMs: progressAt - startedAt };
  } finally {
    signal.removeEventListener('abort', stop);
    stopWatching();
  }
}

/** The watchdog: kills an FFmpeg that hangs or runs away. Returns what ends it. */
function watch({ span, limits, log }: SpanOptions, ffmpeg: FfmpegProcess, health: FfmpegHealth): () => void {
  const timer = setInterval(() => {
    const fault = health.fault(performance.now(), span.videoSeconds, limits);
    if (fault === undefined) return;
    clearInterval(timer);
    log.warn({ fault }, 'the watchdog ends FFmpeg');
    ffmpeg.kill(fault);
  }, limits.watchMs);
  return () => clearInterval(timer);
}
