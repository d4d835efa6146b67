import type { Logger } from '../../common/createLogger.ts';
import { EpochWriter } from '../segment/epochWriter.ts';
import type { EpochSink, ResumePoint } from '../segment/segmentEpoch.ts';
import type { Encoding } from './encoding.ts';
import type { FfmpegLauncher } from './ffmpegLauncher.ts';
import type { FfmpegExit } from './ffmpegProcess.ts';
import type { MediaSpan } from './mediaSpan.ts';
import { passSpanOn } from './passSpanOn.ts';
import type { Progress } from './progress.ts';
import { runFfmpeg } from './runFfmpeg.ts';
import { segmentTiming } from './segmentTiming.ts';
import type { TranscodeObserver } from './sourceFigures.ts';
import type { SourceGuard } from './sourceGuard.ts';
import { copiesPicture, formOf, type SpanPlan } from './spanPlan.ts';
import { spanTiming } from './spanTiming.ts';
import type { TranscodeLimits } from './transcodeLimits.ts';

export interface SpanEnd {
  /** FFmpeg's; undefined: the span was passed on without one. */
  exit: FfmpegExit | undefined;
  sawPicture: boolean;
  /** From the start to the last progress, ms. */
  ranMs: number;
}

export interface SpanOptions {
  span: MediaSpan;
  /** Of a connection that was moved here, with its first span. */
  resume?: ResumePoint | undefined;
  plan: SpanPlan;
  encoding: Encoding;
  guard: SourceGuard;
  sink: EpochSink;
  signal: AbortSignal;
  /** TranscodeOptions. */
  moving?: AbortSignal | undefined;
  log: Logger;
  limits: TranscodeLimits;
  onProgress?: ((progress: Progress) => void) | undefined;
  observer?: TranscodeObserver | undefined;
  ffmpeg: string;
  launcher?: FfmpegLauncher | undefined;
}

/** Makes one span of media into segments by its plan, in an epoch of its own, which is closed whatever happens. */
export async function runSpan(options: SpanOptions): Promise<SpanEnd> {
  const { encoding, guard, plan, sink, span } = options;
  const { segmentSeconds, gopSeconds } = encoding;
  const { first: firstSeconds, gops } = segmentTiming(segmentSeconds, gopSeconds);
  const timing = spanTiming({ picture: plan.picture, firstPts: span.firstPts, resume: options.resume });
  const writer = new EpochWriter({
    epoch: await sink.openEpoch(span.startedAt, {
      followsSource: copiesPicture(plan),
      renditions: plan.renditions,
      form: formOf(plan, span.inputs),
      resumes: timing.resumes,
    }),
    renditions: plan.renditions,
    segmentSeconds,
    firstSeconds,
    timing: { ...timing.epoch, isSteady: () => span.isSteady },
    ...(copiesPicture(plan) ? { accepts: facts => guard.accepts(facts) } : { gopSeconds: segmentSeconds / gops }),
  });
  try {
    return await (plan.picture === 'direct'
      ? passSpanOn(options, writer)
      : runFfmpeg({ ...options, skipSeconds: timing.skipSeconds }, writer));
  } finally {
    await writer.close({ isMoved: options.moving?.aborted ?? false });
  }
}
