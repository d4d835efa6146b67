/** A pause that nobody notices. */
const SHORT_MS = 250;

/** Counts the times that the picture stood still although it should move. What a seek costs is not one. */
export class StallMeter {
  count = 0;
  #since;

  /** The picture stands. @param {number} now ms */
  waiting(now, { isSeeking }) {
    if (!isSeeking) this.#since ??= now;
  }

  /** It moves again, or the viewer has paused or left. */
  over(now) {
    if (this.#since !== undefined && now - this.#since >= SHORT_MS) this.count += 1;
    this.#since = undefined;
  }
}
