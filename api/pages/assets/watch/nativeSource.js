export const HLS_TYPE = 'application/vnd.apple.mpegurl';
/** On top of the distance at which the browser began. */
const BEHIND_SECONDS = 8;

/** A playlist in a video element by the browser's own HLS (Safari, iPhone). The browser chooses quality and distance. */
export class NativeSource {
  levels = [];
  level = -1;
  #video;
  #ending = new AbortController();
  /** How far from the end the browser has begun (s). */
  #distance;

  /**
   * @param {HTMLVideoElement} video
   * @param {{url: string}} stream
   * @param {SourceEvents} on see player.js
   */
  constructor(video, { url }, on) {
    this.#video = video;
    const { signal } = this.#ending;
    video.addEventListener('error', () => on.error(`media error ${video.error?.code}`), { signal });
    video.addEventListener('loadedmetadata', () => on.progress(true), { signal });
    video.addEventListener('playing', () => this.#measure(), { signal, once: true });
    video.src = url;
    video.load();
  }

  detach() {
    this.#ending.abort();
  }

  get latency() {
    const { sync, range } = this;
    return sync === undefined || !range ? undefined : Math.max(0, range.end - this.#video.currentTime);
  }

  get isBehind() {
    return this.latency !== undefined && this.#distance !== undefined && this.latency > this.#distance + BEHIND_SECONDS;
  }

  /** A live playlist has no end (HTML, `duration`). */
  get sync() {
    if (this.#video.duration !== Number.POSITIVE_INFINITY || !this.range) return undefined;
    return this.range.end - (this.#distance ?? 0);
  }

  get range() {
    const { seekable } = this.#video;
    return seekable.length > 0 ? { start: seekable.start(0), end: seekable.end(seekable.length - 1) } : undefined;
  }

  /** Safari's getStartDate() is the EXT-X-PROGRAM-DATE-TIME of time 0. */
  get playingDate() {
    const start = this.#video.getStartDate?.().getTime();
    return Number.isFinite(start) ? start + this.#video.currentTime * 1_000 : undefined;
  }

  chooseLevel() {
    // The browser chooses.
  }

  showLast() {
    // It shows the picture at which it would begin.
  }

  #measure() {
    if (this.range) this.#distance = Math.max(0, this.range.end - this.#video.currentTime);
  }
}
