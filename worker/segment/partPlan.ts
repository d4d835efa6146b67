import type { PartTarget } from './partTarget.ts';
import { ticksPerSecond } from './ticks.ts';

/** RFC 8216bis section 4.4.4.9: a part that is shorter must end its segment or begin with a key frame. */
const LEAST = 0.85;
/** Frame steps are averaged over so many. */
const MOST_STEPS = 60;
/** Without a single step: 30 frames a second. */
const USUAL_STEP = ticksPerSecond / 30;

/**
 * Where a rendition's parts begin: at whole frames, each at most a part target long and at least 85 % of it. Parts of a GOP
 * are made equally long, so that a key frame in the middle of a segment begins one. Times are DTS, 90 kHz, unwrapped.
 */
export class PartPlan {
  readonly #target: PartTarget;
  /** Distance of key frames; undefined: not known yet. */
  #gop: number | undefined;
  #key: number | undefined;
  #start = 0;
  #latest: number | undefined;
  #step = USUAL_STEP;
  #steps = 0;
  /** How long this part should become. */
  #aim: number | undefined;

  /** @param options.gopSeconds the distance of key frames, where it is known */
  constructor(options: { target: PartTarget; gopSeconds?: number | undefined }) {
    this.#target = options.target;
    this.#gop = options.gopSeconds === undefined ? undefined : options.gopSeconds * ticksPerSecond;
  }

  /** A segment, and so a part, begins with this picture. `isNew`: on another timeline. */
  startSegment(picture: { dts: number; isKey: boolean }, isNew: boolean): void {
    if (isNew) {
      this.#latest = undefined;
      this.#key = undefined;
    }
    this.#note(picture);
    this.#begin(picture.dts);
  }

  /** The next picture of the segment. True: a part begins with it. */
  picture(picture: { dts: number; isKey: boolean }): boolean {
    this.#note(picture);
    const { dts, isKey } = picture;
    const target = this.#target.ticks(this.#step);
    const length = dts - this.#start;
    const isFull = length + this.#step > target + 1;
    const isAimed = length >= (this.#aim ?? target) - this.#step / 2;
    if (!isFull && !((isKey || isAimed) && length >= LEAST * target)) return false;
    this.#target.fix(this.#step);
    this.#begin(dts);
    return true;
  }

  /** Seconds, for parts of which no more pictures come; undefined: no rate is known yet. */
  get targetSeconds(): number | undefined {
    return this.#steps === 0 ? undefined : this.#target.fix(this.#step) / ticksPerSecond;
  }

  /** The length of a part with these pictures, seconds, as it is listed: a gap of the source makes none longer than the target. */
  seconds(ticks: number): number {
    return Math.min(ticks, this.#target.fix(this.#step)) / ticksPerSecond;
  }

  #note({ dts, isKey }: { dts: number; isKey: boolean }): void {
    const step = this.#latest === undefined ? 0 : dts - this.#latest;
    this.#latest = dts;
    // A pause of the source says nothing about its rate.
    if (step > 0 && (this.#steps === 0 || step < 3 * this.#step)) {
      this.#steps = Math.min(MOST_STEPS, this.#steps + 1);
      this.#step += (step - this.#step) / this.#steps;
    }
    if (!isKey) return;
    if (this.#key !== undefined && dts > this.#key) this.#gop = dts - this.#key;
    this.#key = dts;
  }

  #begin(dts: number): void {
    this.#start = dts;
    this.#aim = undefined;
    if (this.#gop === undefined || this.#key === undefined) return;
    const target = this.#target.ticks(this.#step);
    let left = this.#key + this.#gop - dts;
    while (left < this.#step / 2) left += this.#gop;
    const aim = left / Math.ceil((left - this.#step / 2) / target);
    // A GOP that cannot be divided so has its next key frame inside a part.
    if (aim - this.#step / 2 >= LEAST * target) this.#aim = aim;
  }
}
