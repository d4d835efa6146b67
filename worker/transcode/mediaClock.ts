const wrap = 2 ** 33;
const ticksPerSecond = 90_000;
/** FFmpeg believes jumps up to here and closes longer ones up (dts_delta_threshold). */
const longestStep = 10 * ticksPerSecond;
/** Pictures come in decoding order: one may be this much behind the one before it. */
const longestReorder = 2 * ticksPerSecond;

/** How many seconds of media went by, by PTS (90 kHz, 33 bit): reordering, wraps, jumps and broken values do not count. */
export class MediaClock {
  #latest: number | undefined;
  #ticks = 0;
  #jumps = 0;

  get seconds(): number {
    return this.#ticks / ticksPerSecond;
  }

  /** How often the timestamps went on elsewhere. */
  get jumps(): number {
    return this.#jumps;
  }

  push(pts: number): void {
    if (this.#latest === undefined) {
      this.#latest = pts;
      return;
    }
    const ahead = (pts - this.#latest + wrap) % wrap;
    const behind = wrap - ahead;
    const isReordered = behind <= longestReorder;
    if (isReordered) return;
    if (ahead <= longestStep) this.#ticks += ahead;
    else this.#jumps += 1;
    this.#latest = pts;
  }
}
