const RETRY_MS = [1_000, 2_000, 4_000, 8_000];
const HLS_TYPE = 'application/vnd.apple.mpegurl';
/** On top of one target duration: what a playlist and a segment take to arrive. */
const MARGIN_SECONDS = 0.5;

/**
 * hls.js's settings by the stream's latency, in target durations behind the playlist's end. Further behind than the maximum, the viewer is
 * taken to the live edge instead of trailing for ever. A target duration passes between two segments and up to half of one until hls.js
 * sees the new one, so two leave half of one for the network.
 */
const LATENCIES = {
  standard: { liveSyncDurationCount: 3, liveMaxLatencyDurationCount: 8 },
  // Plays a little faster while it is behind: what the start, or a stall, has cost.
  reduced: { liveSyncDurationCount: 2, liveMaxLatencyDurationCount: 6, maxLiveSyncPlaybackRate: 1.1 },
};

/**
 * Plays one live playlist in a video element: hls.js where MediaSource exists, the browser's own HLS elsewhere (iPhone).
 * A fatal error is never the end: it loads again, at most 8 s later.
 */
export class Player {
  counts = { fatalErrors: 0, reconnects: 0, lastError: '' };
  #video;
  #on;
  #hls;
  #url;
  #latency = 'standard';
  #timer;
  #failures = 0;
  /** Whether this playlist has been started: before, the buffer fills. */
  #started = false;
  #recoveredAt = Number.NEGATIVE_INFINITY;

  /** @param on `playing`, `stall`, `blocked` (the browser wants a click): called when it is so */
  constructor(video, on) {
    this.#video = video;
    this.#on = on;
    video.addEventListener('playing', () => {
      this.#failures = 0;
      on.playing();
    });
    video.addEventListener('waiting', on.stall);
    video.addEventListener('error', () => {
      if (!this.#hls && this.#url) this.#failed(`media error ${video.error?.code}`);
    });
  }

  /** @param latency the stream's: `standard` or `reduced` */
  load(url, latency) {
    this.unload();
    this.#url = url;
    this.#latency = latency;
    this.#attach();
  }

  unload() {
    clearTimeout(this.#timer);
    this.#url = undefined;
    this.#detach();
  }

  play() {
    this.#started = true;
    this.#video.play().catch(error => {
      // Anything else than a refusal comes as an error event too, or is solved by the next load.
      if (error.name === 'NotAllowedError') this.#on.blocked();
    });
  }

  /** Seconds behind the live edge; 0 when the playlist has ended or its edge is not known. */
  get latency() {
    return this.#hls?.latestLevelDetails?.live ? Math.max(0, this.#hls.latency) : 0;
  }

  /** Further behind than playing needs: a viewer who paused, or whose network was slow. */
  get isBehind() {
    const target = this.#hls?.targetLatency;
    const details = this.#hls?.latestLevelDetails;
    return Boolean(target && details?.live) && this.latency > target + 1.5 * details.targetduration;
  }

  goLive() {
    const edge = this.#hls?.liveSyncPosition;
    if (edge) this.#video.currentTime = edge;
    this.play();
  }

  #attach() {
    if (window.Hls?.isSupported()) this.#attachHls(window.Hls);
    else if (this.#video.canPlayType(HLS_TYPE)) {
      this.#video.src = this.#url;
      this.play();
    } else this.#count('this browser plays no HLS');
  }

  #attachHls(Hls) {
    const hls = new Hls({
      workerPath: '/assets/hls.worker.js',
      backBufferLength: 30,
      ...(LATENCIES[this.#latency] ?? LATENCIES.standard),
    });
    this.#hls = hls;
    for (const event of [Hls.Events.FRAG_BUFFERED, Hls.Events.LEVEL_UPDATED])
      hls.on(event, () => this.#startWhenFull());
    hls.on(Hls.Events.ERROR, (_event, { fatal, type, details }) => {
      if (!fatal) return;
      // A decoder that tripped mostly goes on with a fresh buffer; once in a while is enough to try.
      if (type !== Hls.ErrorTypes.MEDIA_ERROR || performance.now() - this.#recoveredAt < 10_000) this.#failed(details);
      else this.#recover(details);
    });
    hls.loadSource(this.#url);
    hls.attachMedia(this.#video);
  }

  /**
   * A stream's first segment is short and the second one comes a whole target duration later: a viewer who began with
   * the first one would see its end and then nothing. So playing begins when the buffer outlasts the next segment.
   */
  #startWhenFull() {
    const details = this.#hls?.latestLevelDetails;
    if (this.#started || !details) return;
    if (!details.live || this.#bufferedAhead() >= details.targetduration + MARGIN_SECONDS) this.play();
  }

  #bufferedAhead() {
    const { buffered, currentTime } = this.#video;
    for (let i = 0; i < buffered.length; i += 1) {
      // The first picture may begin a little after the time at which hls.js puts the viewer.
      if (buffered.end(i) > currentTime && buffered.start(i) <= currentTime + 1) return buffered.end(i) - currentTime;
    }
    return 0;
  }

  #recover(details) {
    this.#recoveredAt = performance.now();
    this.#count(details);
    this.#hls.recoverMediaError();
    this.play();
  }

  #detach() {
    this.#hls?.destroy();
    this.#hls = undefined;
    this.#started = false;
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  #failed(details) {
    this.#count(details);
    this.#on.stall();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#reconnect(), RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)]);
    this.#failures += 1;
  }

  #reconnect() {
    this.counts.reconnects += 1;
    this.#detach();
    this.#attach();
  }

  #count(details) {
    this.counts.fatalErrors += 1;
    this.counts.lastError = details;
  }
}
