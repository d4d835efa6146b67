import { catchUp } from './catchUp.js';
import { latencySettings } from './latencySettings.js';
import { levelOfHeight } from './qualities.js';

/** On top of one target duration: what a playlist and a segment take to arrive. */
const MARGIN_SECONDS = 0.5;
/** How far before the end of the buffer a browser still shows a picture. */
const LAST_PICTURE_SECONDS = 0.4;
const RECOVER_MS = 10_000;
const CATCH_UP_MS = 200;
/** Its sound and picture come apart at other rates than 1 (hls.js, issue 5527). */
const isSafari = () => /^((?!chrome|android).)*safari/i.test(navigator.userAgent);

/**
 * A playlist in a video element by hls.js, wherever MediaSource exists. One of two sources that the player takes (sources.js): what is
 * public here is what a source has to have.
 */
export class HlsSource {
  #video;
  #on;
  #hls;
  #recoveredAt = Number.NEGATIVE_INFINITY;
  #isLow;
  #isDvr;
  #catchingUp;

  /**
   * @param {HTMLVideoElement} video
   * @param {{url: string, latency?: string, dvr?: boolean, height?: number}} stream `latency` low: the playlist has parts. `height`: the quality that the viewer has chosen
   * @param {SourceEvents} on see player.js
   */
  constructor(video, stream, on) {
    const { Hls } = window;
    this.#video = video;
    this.#on = on;
    const hls = new Hls({ workerPath: '/assets/hls.worker.js', backBufferLength: 30, ...latencySettings(stream) });
    this.#hls = hls;
    for (const event of [Hls.Events.FRAG_BUFFERED, Hls.Events.LEVEL_UPDATED])
      hls.on(event, () => on.progress(this.#isReady));
    for (const event of [Hls.Events.MANIFEST_PARSED, Hls.Events.LEVEL_SWITCHED]) hls.on(event, () => on.levels());
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      const chosen = levelOfHeight(hls.levels, stream.height ?? 0);
      if (chosen >= 0) hls.startLevel = hls.nextLevel = chosen;
    });
    hls.on(Hls.Events.ERROR, (_event, data) => this.#onError(data, Hls.ErrorTypes.MEDIA_ERROR));
    hls.loadSource(stream.url);
    hls.attachMedia(video);
    this.#isLow = stream.latency === 'low';
    this.#isDvr = Boolean(stream.dvr);
    if (this.#isLow) this.#catchingUp = setInterval(() => this.#catchUp(), CATCH_UP_MS);
  }

  detach() {
    clearInterval(this.#catchingUp);
    this.#video.playbackRate = 1;
    this.#hls.destroy();
  }

  /** Seconds behind the playlist's end; undefined when that is not known, or the playlist has ended. */
  get latency() {
    return this.#details?.live ? Math.max(0, this.#hls.latency) : undefined;
  }

  /** Further behind than playing needs. */
  get isBehind() {
    const target = this.#hls.targetLatency;
    return Boolean(target && this.latency !== undefined && this.latency > target + 1.5 * this.#details.targetduration);
  }

  /** Where a live viewer is (s of the video's time); undefined when the playlist has ended. */
  get sync() {
    return this.#details?.live ? (this.#hls.liveSyncPosition ?? undefined) : undefined;
  }

  /** What can be played, in the video's time. */
  get range() {
    const details = this.#details;
    return details && { start: details.fragmentStart, end: details.edge };
  }

  /** EXT-X-PROGRAM-DATE-TIME of the picture, ms since 1970. */
  get playingDate() {
    return this.#hls.playingDate?.getTime();
  }

  get levels() {
    return this.#hls.levels ?? [];
  }

  /** The level that is seen; -1: none yet. */
  get level() {
    return this.#hls.currentLevel;
  }

  /** @param {number} index -1: the player chooses */
  chooseLevel(index) {
    this.#hls.nextLevel = index;
  }

  /** Shows the last picture that there is. */
  showLast() {
    const { buffered } = this.#video;
    const end = buffered.length > 0 ? buffered.end(buffered.length - 1) : 0;
    if (end - this.#video.currentTime > 1.5 * LAST_PICTURE_SECONDS)
      this.#video.currentTime = end - LAST_PICTURE_SECONDS;
  }

  get #details() {
    return this.#hls.latestLevelDetails ?? undefined;
  }

  /**
   * A stream's first segment is short and the second one comes a whole target duration later: a viewer who began with
   * the first one would see its end and then nothing. So playing begins when the buffer outlasts the next segment.
   */
  get #isReady() {
    const details = this.#details;
    if (!details) return false;
    // With parts the next one comes in a moment.
    const enough = this.#isLow && details.partTarget ? 2 * details.partTarget : details.targetduration + MARGIN_SECONDS;
    return !details.live || this.#bufferedAhead() >= enough;
  }

  #catchUp() {
    const { targetLatency, latency, liveSyncPosition } = this.#hls;
    if (!targetLatency || this.#video.paused || !this.#details?.live) return;
    const { rate, jumps } = catchUp(latency - targetLatency);
    // Who may rewind may be far behind because of that.
    if (jumps && !this.#isDvr && liveSyncPosition) this.#video.currentTime = liveSyncPosition;
    this.#video.playbackRate = isSafari() ? 1 : rate;
  }

  #bufferedAhead() {
    const { buffered, currentTime } = this.#video;
    for (let i = 0; i < buffered.length; i += 1) {
      // The first picture may begin a little after the time at which hls.js puts the viewer.
      if (buffered.end(i) > currentTime && buffered.start(i) <= currentTime + 1) return buffered.end(i) - currentTime;
    }
    return 0;
  }

  #onError({ fatal, type, details }, mediaError) {
    if (!fatal) return;
    // A decoder that tripped mostly goes on with a fresh buffer; once in a while is enough to try.
    if (type !== mediaError || performance.now() - this.#recoveredAt < RECOVER_MS) return this.#on.error(details);
    this.#recoveredAt = performance.now();
    this.#hls.recoverMediaError();
    this.#on.recovered(details);
  }
}
