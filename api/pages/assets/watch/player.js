import { openSource } from './openSource.js';
import { OriginProbe } from './originProbe.js';
import { StallMeter } from './stallMeter.js';

const RETRY_MS = [1_000, 2_000, 4_000, 8_000];
/** A hiccup shorter than this is not worth a sign over the picture. */
const STALL_MS = 1_000;

/**
 * @typedef {object} SourceEvents what a source reports (hlsSource.js, nativeSource.js)
 * @property {(isReady: boolean) => void} progress there is more to play; whether playing may begin
 * @property {() => void} levels the qualities, or the one that is seen, have changed
 * @property {(details: string) => void} error it does not go on by itself
 * @property {(details: string) => void} recovered it has got over an error
 */

/**
 * Plays one playlist in a video element. A fatal error is never the end: it loads again, at most 8 s later.
 * `state` is one of idle, loading, held, playing, stalled, blocked (the browser wants a click), ended.
 */
export class Player {
  counts = { fatalErrors: 0, reconnects: 0, lastError: '' };
  stalls = new StallMeter();
  state = 'idle';
  /** Whether the viewer has paused. */
  isPaused = false;
  #video;
  #onChange;
  #source;
  #origin = new OriginProbe();
  #stream;
  #retry;
  #stall;
  #failures = 0;
  /** Whether this playlist has been started: before, the buffer fills. */
  #isStarted = false;
  #isHeld = false;

  /** @param {HTMLVideoElement} video @param {() => void} onChange called when `state` or the qualities have changed */
  constructor(video, onChange) {
    this.#video = video;
    this.#onChange = onChange;
    video.addEventListener('playing', () => this.#onPlaying());
    video.addEventListener('waiting', () => this.#onWaiting());
    video.addEventListener('ended', () => this.#set('ended'));
    video.addEventListener('play', () => {
      this.isPaused = false;
      onChange();
    });
    video.addEventListener('pause', () => {
      // An end and an error pause, too.
      if (this.state === 'playing') this.isPaused = !video.ended && !video.error;
      this.stalls.over(performance.now());
      onChange();
    });
  }

  /**
   * @param {{url: string, liveUrl?: string, latency?: string, dvr?: boolean}} stream `liveUrl`: of the low-latency playlist; while that cannot be
   *   had, `url` is played
   * @param {{isHeld?: boolean}} [how] `isHeld`: shows the last picture and does not play, until release()
   */
  load(stream, { isHeld = false } = {}) {
    this.#leave();
    this.#stream = { ...stream };
    this.#isHeld = isHeld;
    this.#attach();
    this.#set(isHeld ? 'held' : 'loading');
  }

  unload() {
    this.#leave();
    this.#set('idle');
  }

  /** Plays what was held. */
  release() {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#set('loading');
  }

  play() {
    this.#isStarted = true;
    this.isPaused = false;
    this.#video.play().catch(error => {
      // Anything else than a refusal comes as an error event too, or is solved by the next load.
      if (error.name === 'NotAllowedError') this.#set('blocked');
    });
  }

  pause() {
    this.#video.pause();
  }

  goLive() {
    const { sync } = this;
    if (sync !== undefined) this.#video.currentTime = sync;
    this.play();
  }

  /** @param {number} time s of the video's time; put into what can be played */
  seek(time) {
    const { range, sync } = this;
    if (range) this.#video.currentTime = Math.min(Math.max(time, range.start), sync ?? range.end);
  }

  /** @param {number} index -1: the player chooses */
  chooseLevel(index) {
    if (this.#stream) this.#stream.height = this.levels[index]?.height;
    this.#source?.chooseLevel(index);
  }

  /** Seconds behind the playlist's end; undefined when that is not known, or the playlist has ended. */
  get latency() {
    return this.#source?.latency;
  }

  /** Further behind than playing needs: a viewer who paused, or whose network was slow. */
  get isBehind() {
    return this.#source?.isBehind ?? false;
  }

  /** Where a live viewer is, in the video's time (s); undefined when the playlist has ended. */
  get sync() {
    return this.#source?.sync;
  }

  /** What can be played, in the video's time (s). */
  get range() {
    return this.#source?.range;
  }

  /** EXT-X-PROGRAM-DATE-TIME of the picture, ms since 1970; undefined: not known. */
  get playingDate() {
    return this.#source?.playingDate;
  }

  get levels() {
    return this.#source?.levels ?? [];
  }

  get level() {
    return this.#source?.level ?? -1;
  }

  #attach() {
    const { liveUrl, ...bucket } = this.#stream;
    const isLow = liveUrl !== undefined && this.#origin.isUp;
    if (liveUrl !== undefined && !isLow) this.#origin.wait(liveUrl, () => this.#reconnect());
    const latency = bucket.latency === 'low' ? 'reduced' : bucket.latency;
    const stream = { ...bucket, ...(isLow ? { liveUrl, latency: 'low' } : { latency }) };
    this.#source = openSource(this.#video, stream, {
      progress: isReady => this.#onProgress(isReady),
      levels: () => this.#onChange(),
      error: details => this.#failed(details),
      recovered: details => {
        this.#count(details);
        this.play();
      },
    });
    if (!this.#source) this.#count('this browser plays no HLS');
  }

  #leave() {
    clearTimeout(this.#retry);
    clearTimeout(this.#stall);
    this.#origin.stop();
    this.#origin.isUp = true;
    this.#failures = 0;
    this.#stream = undefined;
    this.#detach();
  }

  #detach() {
    this.#source?.detach();
    this.#source = undefined;
    this.#isStarted = false;
    this.isPaused = false;
    this.stalls.over(performance.now());
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  #onProgress(isReady) {
    if (this.#isHeld) this.#source?.showLast();
    else if (isReady && !this.#isStarted) this.play();
  }

  #onPlaying() {
    this.#failures = 0;
    clearTimeout(this.#stall);
    this.stalls.over(performance.now());
    this.#set('playing');
  }

  #onWaiting() {
    const { seeking: isSeeking } = this.#video;
    if (this.#isStarted) this.stalls.waiting(performance.now(), { isSeeking });
    clearTimeout(this.#stall);
    this.#stall = setTimeout(() => {
      const { readyState, ended } = this.#video;
      if (this.state === 'playing' && readyState < HTMLMediaElement.HAVE_FUTURE_DATA && !ended) this.#set('stalled');
    }, STALL_MS);
  }

  #failed(details) {
    this.#count(details);
    this.#onWaiting();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#retryNow(), RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)]);
    this.#failures += 1;
  }

  async #retryNow() {
    const stream = this.#stream;
    if (stream?.liveUrl !== undefined) await this.#origin.look(stream.liveUrl);
    if (stream !== undefined && stream === this.#stream) this.#reconnect();
  }

  /** Loads again. Who has paused stays paused, and a sign over the picture stays until it moves. */
  #reconnect() {
    const { isPaused } = this;
    this.counts.reconnects += 1;
    this.#detach();
    this.#attach();
    this.isPaused = this.#isStarted = isPaused;
    if (this.state === 'playing' && !isPaused) this.#set('stalled');
  }

  #count(details) {
    this.counts.fatalErrors += 1;
    this.counts.lastError = details;
  }

  #set(state) {
    if (state === this.state) return;
    this.state = state;
    this.#onChange();
  }
}
