import { actionOf } from './keyActions.js';
import { qualityOptions } from './qualities.js';
import { seekBarOf } from './seekBar.js';

const STEP_SECONDS = 10;
/** The bar leaves the picture after this time without a movement. */
const IDLE_MS = 3_000;
/** Of a live stream, less cannot be rewound to any use. */
const RANGE_SECONDS = 15;

const byId = id => document.getElementById(id);

/** The player's bar: what its buttons do, and what they say. */
export class Controls {
  #player;
  #video;
  #stage = byId('stage');
  #seek = byId('seek');
  #quality = byId('quality');
  #isSeeking = false;
  #options = '';
  #idle;

  /** @param {import('./player.js').Player} player @param {HTMLVideoElement} video @param {() => void} goLive */
  constructor(player, video, goLive) {
    this.#player = player;
    this.#video = video;
    const actions = {
      playOrPause: () => (video.paused ? player.play() : player.pause()),
      mute: () => {
        video.muted = !video.muted;
      },
      fullscreen: () => this.#fullscreen(),
      goLive,
      back: () => this.#step(-STEP_SECONDS),
      forward: () => this.#step(STEP_SECONDS),
    };
    byId('pause').addEventListener('click', actions.playOrPause);
    byId('mute').addEventListener('click', actions.mute);
    byId('fullscreen').addEventListener('click', actions.fullscreen);
    byId('fullscreen').hidden = !(this.#stage.requestFullscreen || video.webkitEnterFullscreen);
    byId('volume').addEventListener('input', ({ target }) => {
      video.volume = Number(target.value);
      video.muted = video.volume === 0;
    });
    this.#followSeek();
    this.#quality.addEventListener('change', ({ target }) =>
      player.chooseLevel(target.value === 'auto' ? -1 : Number(target.value)),
    );
    document.addEventListener('keydown', event => {
      const action = actions[actionOf(event)];
      if (!action || byId('controls').hidden) return;
      event.preventDefault();
      this.#wake();
      action();
    });
    for (const type of ['pointermove', 'pointerdown', 'focusin']) {
      this.#stage.addEventListener(type, () => this.#wake());
    }
  }

  /** @param {{phase: string, canRewind: boolean}} page */
  draw({ phase, canRewind }) {
    const { paused, muted, volume } = this.#video;
    const isOn = phase === 'playing';
    byId('controls').hidden = !isOn;
    if (!isOn) return;
    byId('pause').setAttribute('aria-label', paused ? 'Play' : 'Pause');
    byId('pause').dataset.on = String(!paused);
    byId('mute').setAttribute('aria-pressed', String(muted));
    byId('mute').dataset.on = String(!muted);
    byId('volume').value = muted ? '0' : String(volume);
    this.#drawSeek(canRewind);
    this.#drawQuality();
  }

  #drawSeek(canRewind) {
    const { range, sync } = this.#player;
    const isLong = range && (sync === undefined || range.end - range.start >= RANGE_SECONDS);
    const isShown = Boolean(canRewind && isLong);
    this.#seek.hidden = byId('position').hidden = !isShown;
    if (!isShown || this.#isSeeking) return;
    const { min, max, value, text, spoken } = seekBarOf({ range, sync, time: this.#video.currentTime });
    Object.assign(this.#seek, { min: String(min), max: String(max), value: String(value) });
    this.#seek.setAttribute('aria-valuetext', spoken);
    byId('position').textContent = text;
  }

  #drawQuality() {
    const options = qualityOptions(this.#player.levels, this.#player.level);
    byId('qualities').hidden = options.length === 0;
    const text = JSON.stringify(options);
    if (text === this.#options) return;
    this.#options = text;
    const { value } = this.#quality;
    this.#quality.replaceChildren(...options.map(option => new Option(option.text, option.value)));
    this.#quality.value = options.some(option => option.value === value) ? value : 'auto';
  }

  /** While it is dragged the bar follows the finger, and the picture comes at the end. */
  #followSeek() {
    this.#seek.addEventListener('input', () => {
      this.#isSeeking = true;
    });
    this.#seek.addEventListener('change', ({ target }) => {
      this.#isSeeking = false;
      this.#player.seek(Number(target.value));
    });
  }

  #step(seconds) {
    if (!this.#seek.hidden) this.#player.seek(this.#video.currentTime + seconds);
  }

  #fullscreen() {
    if (document.fullscreenElement) return document.exitFullscreen();
    // An iPhone shows only the video itself in full screen.
    return this.#stage.requestFullscreen?.() ?? this.#video.webkitEnterFullscreen?.();
  }

  #wake() {
    this.#stage.dataset.idle = 'false';
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.#stage.dataset.idle = 'true';
    }, IDLE_MS);
  }
}
