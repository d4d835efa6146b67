import type { Readable } from 'node:stream';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import type { EpochSink, ResumePoint } from '../segment/segmentEpoch.ts';
import type { Inputs } from './chooseInputs.ts';
import type { Encoding } from './encoding.ts';
import type { FfmpegLauncher } from './ffmpegLauncher.ts';
import type { FfmpegExit } from './ffmpegProcess.ts';
import type { MediaSpan } from './mediaSpan.ts';
import { MediaSpans } from './mediaSpans.ts';
import type { Progress } from './progress.ts';
import { AttemptFailure, withRestarts } from './restarts.ts';
import { runSpan } from './runSpan.ts';
import type { TranscodeObserver } from './sourceFigures.ts';
import { type SourceChange, SourceGuard } from './sourceGuard.ts';
import { copiesSource, planSpan, type SpanPlan } from './spanPlan.ts';
import { defaultLimits, type TranscodeLimits } from './transcodeLimits.ts';

export interface TranscodeOptions {
  /** MPEG-TS chunks, aligned to nothing; ends (or fails) when the encoder is gone. Destroyed when the transcode ends. */
  media: Readable;
  encoding: Encoding;
  sink: EpochSink;
  /** Ends the transcode in order: FFmpeg writes its last segment. */
  signal: AbortSignal;
  log: Logger;
  onProgress?: (progress: Progress) => void;
  observer?: TranscodeObserver;
  /** The connection had another owner before, and was moved here: its media goes on from what viewers have (EpochSink). */
  isMoved?: boolean;
  /** Aborts when another owner gets the connection, with what came last: it makes the unfinished segment again. */
  moving?: AbortSignal;
  /** A profile that copies the source's picture falls back to encoding, or returns from it. */
  onSourceChange?: (change: SourceChange) => void;
  /** Media begins, or goes on in another way: what it is, and what is made of it. */
  onPlan?: (inputs: Inputs, plan: SpanPlan) => void;
  /** Whether FFmpeg may be started again after it failed; default: a few times in a row. */
  mayRestart?: (cause: Error) => Promise<boolean>;
  /** FFmpeg's path. */
  ffmpeg: string;
  launcher?: FfmpegLauncher;
  limits?: Partial<TranscodeLimits>;
}

export interface TranscodeEnd {
  /** 'input_invalid': no video in MPEG-TS came, or it is too large or too fast. 'failed': FFmpeg failed again and again while the encoder was sending. */
  cause: 'media_ended' | 'aborted' | 'input_invalid' | 'failed';
  /** Always there with the last two causes; else what went wrong last, if anything did. */
  error?: AppError;
  /** FFmpeg encoded at least one picture. */
  sawPicture: boolean;
}

/**
 * Runs one connection's media through FFmpeg until the media ends or the signal aborts: one process after the other, a new
 * one when the inputs change or FFmpeg fails. Every epoch that was opened is closed when it resolves. Never rejects.
 */
export async function transcode(options: TranscodeOptions): Promise<TranscodeEnd> {
  return new Transcode(options).run();
}

class Transcode {
  readonly #options: TranscodeOptions;
  readonly #limits: TranscodeLimits;
  readonly #spans: MediaSpans;
  readonly #guard: SourceGuard;
  #sawPicture = false;
  #trouble: AppError | undefined;
  #shortSpans = 0;
  #hasBegun = false;

  constructor(options: TranscodeOptions) {
    const { media, signal } = options;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#spans = new MediaSpans({ media, signal, limits: this.#limits });
    options.observer?.onSource(now => this.#spans.figures(now));
    this.#guard = new SourceGuard({
      limits: this.#limits.source,
      copies: copiesSource(options.encoding.profile),
      onChange: change => {
        options.log.info(change, 'the source changes between passed on and transcoded at its next key frame');
        options.onSourceChange?.(change);
      },
      onCutWanted: () => this.#spans.cutAtNextKey(),
    });
  }

  async run(): Promise<TranscodeEnd> {
    const { signal, log, mayRestart } = this.#options;
    try {
      await withRestarts(() => this.#runSpans(), {
        limits: this.#limits,
        signal,
        mayRestart,
        onPause: (ms, err) => log.warn({ ms, err }, 'FFmpeg failed; it starts again after a pause'),
      });
      const trouble = this.#trouble ?? this.#spans.complaint;
      return this.#end(signal.aborted ? 'aborted' : 'media_ended', trouble);
    } catch (error) {
      if (signal.aborted) return this.#end('aborted', this.#trouble);
      const known = AppError.from(error, 'transcode_error');
      return this.#end(known.code === 'input_invalid' ? 'input_invalid' : 'failed', known);
    } finally {
      this.#spans.close();
    }
  }

  /** FFmpeg after FFmpeg, as long as each takes all its media. */
  async #runSpans(): Promise<void> {
    for (let span = await this.#spans.next(); span !== undefined; span = await this.#spans.next()) {
      await this.#runSpan(span);
    }
  }

  async #runSpan(span: MediaSpan): Promise<void> {
    const { onProgress, ...options } = this.#options;
    try {
      const guard = this.#guard;
      guard.noteCodec(span.inputs.video.codec);
      const { encoding, sink } = options;
      const plan = planSpan({ encoding, inputs: span.inputs, isFallback: guard.isFallback, made: sink.made });
      options.onPlan?.(span.inputs, plan);
      const { exit, sawPicture, ranMs } = await runSpan({
        ...{ ...options, onProgress, span, plan, guard, limits: this.#limits, resume: this.#resume() },
      });
      this.#sawPicture ||= sawPicture;
      this.#trouble = exit && troubleOf(exit);
      options.log[this.#trouble ? 'warn' : 'info']({ exit }, 'span ended');
      if (span.isCutByInputs) guard.noteFormatChange();
      if (options.signal.aborted) return;
      this.#judgeLength(span);
      // With all its media taken there is nothing to do again: the next span, if any, is on its way.
      if (this.#trouble === undefined || exit?.tookAll) return;
      throw new AttemptFailure(this.#trouble, ranMs >= this.#limits.goodRunMs);
    } catch (error) {
      this.#spans.abandon();
      const failure = error instanceof AttemptFailure ? error : new AttemptFailure(AppError.from(error), false);
      this.#trouble = AppError.from(failure.cause);
      // The encoder is gone: there is nothing to start again for.
      if (!this.#spans.isOver) throw failure;
    }
  }

  /** Where the first span of a moved connection goes on. */
  #resume(): ResumePoint | undefined {
    const { isMoved, sink } = this.#options;
    const resume = isMoved && !this.#hasBegun ? sink.resumePoint : undefined;
    this.#hasBegun = true;
    return resume;
  }

  /** Each change of the inputs costs a new FFmpeg: too many in a row are failures, with their pauses and their limit. */
  #judgeLength(span: MediaSpan): void {
    const { shortSpanSeconds, shortSpans } = this.#limits;
    const isShort = span.isCutByInputs && span.videoSeconds < shortSpanSeconds;
    this.#shortSpans = isShort ? this.#shortSpans + 1 : 0;
    if (this.#shortSpans <= shortSpans) return;
    const text = `The encoder changed its picture format or its streams ${this.#shortSpans} times in a row, each time within ${shortSpanSeconds} s`;
    throw new AttemptFailure(new AppError('transcode_error', text), false);
  }

  #end(cause: TranscodeEnd['cause'], error: AppError | undefined): TranscodeEnd {
    return { cause, sawPicture: this.#sawPicture, ...(error ? { error } : {}) };
  }
}

/** An exit as an error; undefined when FFmpeg did all that it was given. */
function troubleOf({ kind, reason, tookAll, lines }: FfmpegExit): AppError | undefined {
  if (kind === 'finished' && tookAll) return undefined;
  const what = kind === 'finished' ? 'it ended before its media did' : reason;
  const errors = lines.filter(line => /\[(error|fatal|panic)\]/.test(line));
  const last = (errors.length > 0 ? errors : lines).slice(-3);
  const output = last.length > 0 ? `. FFmpeg's last output: ${last.join(' | ')}` : '';
  return new AppError('transcode_error', `FFmpeg failed: ${what}${output}`);
}
