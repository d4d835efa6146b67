import { ticksPerSecond } from './ticks.ts';

const ticksPerMs = ticksPerSecond / 1_000;
/** A frame rate is known to so much of a frame. */
const tolerance = 0.05;

/**
 * The part target of a run: the wanted length, rounded up to whole frames and then to a ms. It is known with the first part
 * and never changes in a run (RFC 8216bis section 4.4.3.7): an encoder that comes back with another rate gets parts of fewer frames.
 */
export class PartTarget {
  readonly #wanted: number;
  #fixed: number | undefined;

  /** @param known of the run's former owner, seconds */
  constructor(wantedSeconds: number, known?: number) {
    this.#wanted = wantedSeconds * ticksPerSecond;
    this.#fixed = known === undefined ? undefined : Math.round(known * ticksPerSecond);
  }

  /** Undefined: no part has closed yet. */
  get seconds(): number | undefined {
    return this.#fixed === undefined ? undefined : this.#fixed / ticksPerSecond;
  }

  /** Ticks; for frames of this length while it is not fixed. */
  ticks(frameTicks: number): number {
    if (this.#fixed !== undefined) return this.#fixed;
    const frames = Math.max(1, Math.ceil(this.#wanted / frameTicks - tolerance));
    return Math.ceil((frames * frameTicks) / ticksPerMs) * ticksPerMs;
  }

  /** From now on it is what it is for such frames. Ticks. */
  fix(frameTicks: number): number {
    this.#fixed ??= this.ticks(frameTicks);
    return this.#fixed;
  }
}
