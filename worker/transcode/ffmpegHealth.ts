import type { FfmpegReport } from './ffmpegProgress.ts';
import type { TranscodeLimits } from './transcodeLimits.ts';

/** A pause in the media longer than this is the encoder's, and FFmpeg's silence in it no fault. */
const flowGapMs = 2_000;

/** The watchdog's measurements of one FFmpeg process, and its judgement. Pure: every time is given, ms of any one clock. */
export class FfmpegHealth {
  readonly #startedAt: number;
  /** Start of the flow of media that has had no picture as an answer yet. */
  #unansweredSince: number | undefined;
  #fedAt = Number.NEGATIVE_INFINITY;
  #blockedSince: number | undefined;
  #frames = 0;
  #madeSeconds = 0;

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  /** Media is given to FFmpeg; `isBlocked`: it takes no more until `drained`. */
  fed(now: number, isBlocked: boolean): void {
    if (now - this.#fedAt > flowGapMs) this.#unansweredSince = now;
    this.#unansweredSince ??= now;
    this.#fedAt = now;
    if (isBlocked) this.#blockedSince ??= now;
  }

  drained(now: number): void {
    this.#fedAt = now;
    this.#blockedSince = undefined;
  }

  reported({ frames, seconds }: FfmpegReport): void {
    if (frames > this.#frames) this.#unansweredSince = undefined;
    this.#frames = frames;
    this.#madeSeconds = seconds;
  }

  /** Why FFmpeg has to be killed; undefined while it is well. `givenSeconds`: media that it got. */
  fault(now: number, givenSeconds: number, limits: TranscodeLimits): string | undefined {
    const seconds = limits.silentMs / 1000;
    const isFlowing = this.#blockedSince === undefined && now - this.#fedAt <= flowGapMs;
    if (now - (this.#blockedSince ?? now) >= limits.silentMs) return `FFmpeg took no media for ${seconds} s`;
    if (isFlowing && now - (this.#unansweredSince ?? now) >= limits.silentMs) {
      return `FFmpeg made no picture for ${seconds} s although media came in`;
    }
    const runningSeconds = (now - this.#startedAt) / 1000;
    if (this.#madeSeconds > 1.5 * Math.max(runningSeconds, givenSeconds) + limits.runawaySeconds) {
      return `FFmpeg made ${Math.round(this.#madeSeconds)} s of media out of ${Math.round(givenSeconds)} s: a timestamp is broken`;
    }
    return undefined;
  }
}
