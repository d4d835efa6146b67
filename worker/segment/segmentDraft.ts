import type { KeyFacts } from './keyScan.ts';
import type { AudioInfo, BreakReason, Frame, OpenSegment, Segment, VideoInfo } from './segment.ts';
import { ticksPerSecond } from './ticks.ts';
import type { SpsInfo } from './ts/parseSps.ts';

/** A frame's length where a segment has a single picture and no SPS says more: 1/30 s. */
const usualFrame = 3_000;

/** A segment that is being filled, and what is counted of it. */
export class SegmentDraft implements OpenSegment {
  readonly number: number;
  readonly discontinuity: BreakReason | undefined;
  readonly startTicks: number;
  readonly frames: Frame[] = [];
  readonly #startsWithKey: boolean;
  #sps: SpsInfo | undefined;
  #latestKey: number | undefined;
  bytes = 0;
  audio: AudioInfo | undefined;
  keySeconds = 0;
  continuityErrors = 0;
  badTimestamps = 0;

  /** @param start.sps what the latest SPS of the stream said, until this segment's own is seen */
  constructor(start: {
    number: number;
    discontinuity: BreakReason | undefined;
    startTicks: number;
    startsWithKey: boolean;
    sps: SpsInfo | undefined;
  }) {
    this.number = start.number;
    this.discontinuity = start.discontinuity;
    this.startTicks = start.startTicks;
    this.#startsWithKey = start.startsWithKey;
    this.#sps = start.sps;
  }

  addFrame(frame: Frame): void {
    this.frames.push(frame);
    if (!frame.isKey) return;
    if (this.#latestKey !== undefined)
      this.keySeconds = Math.max(this.keySeconds, (frame.pts - this.#latestKey) / ticksPerSecond);
    this.#latestKey = frame.pts;
  }

  takeKey({ sps }: KeyFacts): void {
    this.#sps = sps ?? this.#sps;
  }

  /** @param endTicks the next segment's first PTS; undefined: it ends with its own last picture */
  close(endTicks: number | undefined): Segment {
    const { number, discontinuity, startTicks, bytes, frames } = this;
    const end = endTicks ?? this.#ownEnd();
    const seconds = (end - startTicks) / ticksPerSecond;
    return {
      ...{ number, discontinuity, startTicks, bytes, frames, seconds },
      startsWithKey: this.#startsWithKey,
      video: this.#video(seconds),
      audio: this.audio,
      bitRate: seconds > 0 ? Math.round((bytes * 8) / seconds) : 0,
      keySeconds: this.keySeconds,
      continuityErrors: this.continuityErrors,
      badTimestamps: this.badTimestamps,
    };
  }

  #ownEnd(): number {
    const times = this.frames.map(({ pts }) => pts).sort((a, b) => a - b);
    const steps = times.flatMap((time, i) => (i > 0 ? [time - (times[i - 1] ?? time)] : [])).sort((a, b) => a - b);
    const stated = this.#sps?.frameRate ? ticksPerSecond / this.#sps.frameRate : usualFrame;
    return (times.at(-1) ?? this.startTicks) + (steps[steps.length >> 1] ?? stated);
  }

  #video(seconds: number): VideoInfo | undefined {
    if (this.#sps === undefined) return undefined;
    const { codec, width, height, frameRate: stated } = this.#sps;
    const counted = seconds > 0 ? this.frames.length / seconds : undefined;
    // An SPS may state a clock in place of a rate: it counts where it agrees with the pictures that are there.
    const agrees = stated !== undefined && counted !== undefined && Math.abs(stated - counted) <= 0.1 * stated;
    const rate = (agrees ? stated : counted) ?? stated ?? 0;
    return { codec, width, height, frameRate: Math.round(rate * 1_000) / 1_000 };
  }
}
