import { render } from '/assets/lit-html/lit-html.js';
import { Player } from '../watch/player.js';
import { Chart, chartList } from './charts.js';
import { localLink } from './parts.js';
import { firstRendition, parsePlaylist } from './playlistTable.js';
import { call } from './server.js';
import { streamView } from './streamView.js';

const SAMPLES_MS = 2_000;
const PLAYLIST_MS = 4_000;
const DELIVERIES_MS = 5_000;
const LOG_MS = 4_000;
const EVENTS_MAX = 200;
/** A token for this page's own player, and when it gets a new one. */
const TOKEN_SECONDS = 86_400;
const TOKEN_STAYS_MS = 80_000_000;
const STATES = ['INITIALISED', 'READY', 'STREAMING', 'STOPPED'];

/** The video element's own signs are enough here. */
const unwatched = () => undefined;

/** One stream: what it is, how it is, what has happened, and its picture. */
export class StreamPage {
  #id;
  #root;
  #app;
  #stopped = new AbortController();
  #charts = [];
  #player;
  #playing;
  /** Of a signed stream: its playlist, with a token. */
  #signed = { link: undefined, until: 0 };
  #source;
  #data = { stream: undefined, problem: '', events: [], samples: [], segments: [], deliveries: [], log: [] };

  /** @param app `store`, `canChange`, `notify(sentence)`, and the actions on a stream */
  constructor(id, app) {
    this.#id = id;
    this.#app = app;
  }

  mount(root) {
    this.#root = root;
    this.#show();
    this.#every(SAMPLES_MS, () => this.#loadSamples());
    this.#every(PLAYLIST_MS, () => this.#loadPlaylist());
    this.#every(DELIVERIES_MS, () => this.#loadDeliveries());
    this.#every(LOG_MS, () => this.#loadLog());
    this.#app.store.addEventListener('change', this.#onChange, { signal: this.#stopped.signal });
    this.#source = new EventSource(`/v1/streams/${encodeURIComponent(this.#id)}/events?last_event_id=0`);
    for (const state of STATES) this.#source.addEventListener(state, ({ data }) => this.#onEvent(JSON.parse(data)));
    void this.#load();
  }

  unmount() {
    this.#stopped.abort();
    this.#source?.close();
    this.#player?.unload();
    for (const chart of this.#charts) chart.destroy();
  }

  async #load() {
    try {
      this.#app.store.put(await call('GET', `/v1/streams/${encodeURIComponent(this.#id)}`));
    } catch (error) {
      this.#data.problem = error.message;
      this.#show();
    }
  }

  #onChange = () => {
    const known = this.#app.store.streams.get(this.#id);
    if (known) Object.assign(this.#data, { stream: known, problem: '' });
    this.#show();
  };

  #onEvent(event) {
    const { events } = this.#data;
    if (events.some(({ event_id: id }) => id === event.event_id)) return;
    this.#data.events = [...events.slice(1 - EVENTS_MAX), event];
    this.#show();
  }

  async #loadSamples() {
    const last = this.#data.samples.at(-1)?.time;
    // A few more than have passed, since answers are late at times.
    const seconds = last ? Math.min(900, Math.ceil((Date.now() - Date.parse(last)) / 1_000) + 10) : 900;
    const { samples, audience } = await call(
      'GET',
      `/v1/streams/${encodeURIComponent(this.#id)}/stats?seconds=${seconds}`,
    );
    this.#data.audience = audience;
    const fresh = samples.filter(({ time }) => last === undefined || time > last);
    this.#data.samples = [...this.#data.samples, ...fresh].slice(-900);
    for (const chart of this.#charts) chart.set(this.#data.samples);
    this.#show();
  }

  async #loadPlaylist() {
    const { stream } = this.#data;
    if (!stream?.stream_link) return;
    if (stream.playback.policy === 'signed') await this.#sign();
    const link = this.#linkOf(stream);
    const url = localLink(link);
    const text = await fetchText(url);
    const rendition = firstRendition(text, url);
    this.#data.segments = parsePlaylist(rendition ? await fetchText(rendition) : text);
    this.#show();
  }

  async #sign() {
    if (this.#signed.until > Date.now()) return;
    const path = `/v1/streams/${encodeURIComponent(this.#id)}/playback-tokens`;
    const { playback } = await call('POST', path, { expires_in: TOKEN_SECONDS });
    this.#signed = { link: playback.hls, until: Date.now() + TOKEN_STAYS_MS };
  }

  /** What plays the stream here; undefined: nothing does yet. */
  #linkOf({ playback, stream_link: link }) {
    return playback.policy === 'signed' ? link && this.#signed.link : link;
  }

  async #loadDeliveries() {
    const { data } = await call('GET', `/v1/streams/${encodeURIComponent(this.#id)}/webhook-deliveries`);
    this.#data.deliveries = data;
    this.#show();
  }

  async #loadLog() {
    this.#data.log = (await call('GET', `/v1/streams/${encodeURIComponent(this.#id)}/log`)).data;
    this.#show();
  }

  #show() {
    render(streamView(this.#data, this.#app), this.#root);
    this.#followPicture();
    if (this.#charts.length === 0 && this.#root.querySelector('.charts')) this.#drawCharts();
  }

  #drawCharts() {
    const places = this.#root.querySelectorAll('.chart');
    this.#charts = chartList.map((spec, i) => new Chart(places[i], spec));
  }

  /** The picture as viewers have it: from the playlist, with its delay. */
  #followPicture() {
    const video = this.#root.querySelector('video');
    const { stream } = this.#data;
    if (!video || !stream) return;
    const link = stream.state === 'STOPPED' ? undefined : this.#linkOf(stream);
    const url = link ? localLink(link).href : undefined;
    if (url === this.#playing) return;
    this.#playing = url;
    this.#player ??= new Player(video, unwatched);
    if (url) this.#player.load({ url, latency: stream.latency, dvr: stream.dvr });
    else this.#player.unload();
  }

  #every(ms, ask) {
    const round = async () => {
      if (this.#stopped.signal.aborted) return;
      // One answer that does not come changes nothing of what is shown; the store says when the server is away.
      if (!document.hidden) await ask().catch(() => undefined);
      setTimeout(round, ms);
    };
    void round();
  }
}

async function fetchText(url) {
  const response = await fetch(url, { cache: 'no-store' });
  if (!response.ok) throw new Error(`the playlist answers ${response.status}`);
  return response.text();
}
