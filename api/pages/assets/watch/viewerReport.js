/** Longer joins tell of a device that slept. */
const JOIN_MAX_MS = 120_000;

/**
 * What a viewer's page reports of its playing: how often the picture stood still, errors, and how long the first picture took. It says
 * nothing of the viewer: `viewer` is a number by chance that lasts as long as the page.
 */
export class ViewerReport {
  #viewer;
  #reported = { stalls: 0, errors: 0 };
  #joinMs;
  #isJoinReported = false;

  /** @param {number} random from 0 to less than 1 */
  constructor(random) {
    this.#viewer = Math.floor(random * 2 ** 32);
  }

  /** The first picture. @param {number} ms since the page began to load it */
  joined(ms) {
    this.#joinMs ??= Math.round(ms);
  }

  /** Whether this viewer is in the share of viewers that report (0 to 1). */
  isIn(share) {
    return this.#viewer < share * 2 ** 32;
  }

  /**
   * The report since the last one.
   * @param {{stalls: number, errors: number}} counts since the page was opened
   */
  next({ stalls, errors }) {
    const report = {
      viewer: this.#viewer,
      stalls: stalls - this.#reported.stalls,
      errors: errors - this.#reported.errors,
    };
    this.#reported = { stalls, errors };
    if (this.#joinMs === undefined || this.#isJoinReported) return report;
    this.#isJoinReported = true;
    return this.#joinMs <= JOIN_MAX_MS ? { ...report, join_ms: this.#joinMs } : report;
  }
}
