import type { EpochWriter } from '../segment/epochWriter.ts';
import { ffmpegArgs } from './ffmpegArgs.ts';
import { FfmpegHealth } from './ffmpegHealth.ts';
import { FfmpegProcess } from './ffmpegProcess.ts';
import type { SpanEnd, SpanOptions } from './runSpan.ts';
import { speedometer } from './speedometer.ts';

/** Runs one FFmpeg over one span: its outputs go to the segmenters. Ends when it has exited and all it wrote is segmented. */
export async function runFfmpeg(options: SpanOptions & { skipSeconds: number }, writer: EpochWriter): Promise<SpanEnd> {
  const { span, plan, encoding, guard, signal, limits, skipSeconds } = options;
  const startedAt = performance.now();
  const health = new FfmpegHealth(startedAt);
  const speed = speedometer();
  let frames = 0;
  let progressAt = startedAt;
  const ffmpeg = new FfmpegProcess({
    path: options.ffmpeg,
    launcher: options.launcher,
    args: ffmpegArgs({ encoding, plan, inputs: span.inputs, maxPixels: limits.maxPixels, skipSeconds }),
    outputs: plan.renditions.length,
    input: span,
    stopMs: limits.stopMs,
    ...(guard.isFallback ? { onChunk: guard.watch() } : {}),
    onFed: isBlocked => health.fed(performance.now(), isBlocked),
    onDrained: () => health.drained(performance.now()),
    onLine: line => options.observer?.onFfmpegLine(line),
    onReport: report => {
      const now = performance.now();
      health.reported(report);
      if (report.frames > frames) progressAt = now;
      frames = report.frames;
      const behindSeconds = Math.max(0, span.videoSeconds - report.seconds);
      options.onProgress?.({ ...report, speed: speed(now, report.seconds), behindSeconds });
    },
  });
  options.log.info({ ffmpegPid: ffmpeg.pid, plan, inputs: span.inputs }, 'FFmpeg started');
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
