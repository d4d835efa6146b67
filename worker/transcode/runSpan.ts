import type { Logger } from '../../common/createLogger.ts';
import { EpochWriter } from '../segment/epochWriter.ts';
import type { EpochSink } from '../segment/segmentEpoch.ts';
import type { Encoding } from './encoding.ts';
import { ffmpegArgs } from './ffmpegArgs.ts';
import { FfmpegHealth } from './ffmpegHealth.ts';
import type { FfmpegLauncher } from './ffmpegLauncher.ts';
import { type FfmpegExit, FfmpegProcess } from './ffmpegProcess.ts';
import type { MediaSpan } from './mediaSpan.ts';
import type { Progress } from './progress.ts';
import { segmentTiming } from './segmentTiming.ts';
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
  encoding: Encoding;
  sink: EpochSink;
  signal: AbortSignal;
  log: Logger;
  limits: TranscodeLimits;
  onProgress?: ((progress: Progress) => void) | undefined;
  ffmpeg: string;
  launcher?: FfmpegLauncher | undefined;
}

/** Runs one FFmpeg over one span of media, in an epoch of its own, which is closed whatever happens. */
export async function runSpan(options: SpanOptions): Promise<SpanEnd> {
  const { encoding, sink, span } = options;
  const { segmentSeconds, gopSeconds } = encoding;
  const writer = new EpochWriter({
    epoch: await sink.openEpoch(span.startedAt),
    renditions: [...encoding.renditions.keys()],
    segmentSeconds,
    firstSeconds: segmentTiming(segmentSeconds, gopSeconds).first,
  });
  try {
    return await runFfmpeg(options, writer);
  } finally {
    await writer.close();
  }
}

async function runFfmpeg(options: SpanOptions, writer: EpochWriter): Promise<SpanEnd> {
  const { span, encoding, signal, limits } = options;
  const startedAt = performance.now();
  const health = new FfmpegHealth(startedAt);
  const speed = speedometer();
  let frames = 0;
  let progressAt = startedAt;
  const ffmpeg = new FfmpegProcess({
    path: options.ffmpeg,
    launcher: options.launcher,
    args: ffmpegArgs({ encoding, inputs: span.inputs, maxPixels: limits.maxPixels }),
    outputs: encoding.renditions.length,
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
  options.log.info({ ffmpegPid: ffmpeg.pid, inputs: span.inputs }, 'FFmpeg started');
  const stopWatching = watch(options, ffmpeg, health);
  const stop = () => ffmpeg.stop();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    const [exit] = await Promise.all([ffmpeg.exited, ...ffmpeg.outputs.map((output, i) => writer.feed(i, output))]);
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
    log.warn({ fault }, 'the watchdog kills FFmpeg');
    ffmpeg.kill(fault);
  }, limits.watchMs);
  return () => clearInterval(timer);
}
