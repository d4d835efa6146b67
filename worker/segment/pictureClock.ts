import { ticksBetween, ticksPerSecond } from './ticks.ts';

/** A PTS and its DTS never lie further apart in a stream that plays. */
const furthestApart = 5 * ticksPerSecond;
/** Jitter of an encoder's clock; anything further back is another timeline. */
const furthestBack = ticksPerSecond / 2;
/** So many steps in a row that agree with nothing are another timeline too. */
const mostSuspects = 50;

export type ClockReading =
  | { kind: 'time'; pts: number; dts: number }
  /** PTS and DTS contradict each other: no time for this picture. */
  | { kind: 'passed_over' }
  /** A step that the next picture confirms (`jumped`) or does not. */
  | { kind: 'suspect' }
  /** The pictures since the suspect one are of another timeline. */
  | { kind: 'jumped' };

/**
 * Unwraps a video stream's timestamps and finds where they jump: a lone bad value is passed over, a step that the next
 * picture confirms is a new timeline. Pictures come in decoding order.
 */
export class PictureClock {
  readonly #longestStep: number;
  /** DTS of the latest good picture, unwrapped. */
  #latest: number | undefined;
  #suspect: number | undefined;
  #suspects = 0;

  /** @param longestStepSeconds a gap up to here is a pause of the encoder, not another timeline */
  constructor(longestStepSeconds: number) {
    this.#longestStep = longestStepSeconds * ticksPerSecond;
  }

  /** Begins a timeline at this DTS; `origin`: a time to unwrap it by. */
  restart(dts: number, origin = dts): void {
    this.#latest = origin + ticksBetween(origin, dts);
    this.#suspect = undefined;
    this.#suspects = 0;
  }

  /** Whether a picture's raw PTS and DTS can both be true. */
  agree(pts: number, dts: number): boolean {
    return Math.abs(ticksBetween(dts, pts)) <= furthestApart;
  }

  /** Whether a picture of this DTS follows the suspect one. */
  confirms(dts: number): boolean {
    return this.#suspect !== undefined && this.#isStep(ticksBetween(this.#suspect, dts));
  }

  /** Raw PTS and DTS, 33 bits. */
  read(pts: number, dts: number): ClockReading {
    if (!this.agree(pts, dts)) return { kind: 'passed_over' };
    if (this.#latest === undefined) this.restart(dts);
    const latest = this.#latest ?? dts;
    const step = ticksBetween(latest, dts);
    if (this.#isStep(step)) {
      this.#suspect = undefined;
      this.#suspects = 0;
      this.#latest = Math.max(latest, latest + step);
      return { kind: 'time', pts: latest + step + ticksBetween(dts, pts), dts: latest + step };
    }
    const isConfirmed = this.confirms(dts);
    this.#suspect = dts;
    this.#suspects += 1;
    return { kind: isConfirmed || this.#suspects >= mostSuspects ? 'jumped' : 'suspect' };
  }

  #isStep(step: number): boolean {
    return step >= -furthestBack && step <= this.#longestStep;
  }
}
