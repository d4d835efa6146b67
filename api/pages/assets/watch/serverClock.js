/** Questions of which the one with the shortest way is believed. */
const KEPT = 8;
const DAY_MS = 86_400_000;

/** How far this device's clock is from the server's (ms), by the answers that carried the server's time. */
export class ServerClock {
  #answers = [];

  /** @param {{sentAt: number, receivedAt: number, serverTime: number}} answer ms since 1970; the first two by this device's clock */
  note({ sentAt, receivedAt, serverTime }) {
    const answer = { way: receivedAt - sentAt, offset: serverTime - (sentAt + receivedAt) / 2 };
    this.#answers = [...this.#answers.slice(1 - KEPT), answer];
  }

  /** Server time minus device time; undefined before the first answer. */
  get offsetMs() {
    return this.#answers.toSorted((a, b) => a.way - b.way)[0]?.offset;
  }

  /**
   * Seconds from the time at which the picture came to the server until now.
   * @param {number | undefined} playingDate the picture's EXT-X-PROGRAM-DATE-TIME, ms since 1970
   * @param {number} now by this device's clock, ms since 1970
   * @returns {number | undefined} undefined where it is not known or cannot be right
   */
  latencyOf(playingDate, now) {
    const { offsetMs } = this;
    if (offsetMs === undefined || playingDate === undefined || !Number.isFinite(playingDate)) return undefined;
    const ms = now + offsetMs - playingDate;
    return ms >= 0 && ms < DAY_MS ? ms / 1_000 : undefined;
  }
}
