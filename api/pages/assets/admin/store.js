import { call } from './server.js';

/** Live streams of the list, newest start first. */
const LIST_MAX = 1_000;
const PAGE = 250;
const LIVE = 'state=INITIALISED&state=READY&state=STREAMING';
const LIST_MS = 15_000;
const SAMPLES_MS = 2_000;
const WORKERS_MS = 5_000;
/** A minute of samples, as the list's small lines show it. */
const KEPT = 30;
const STATES = ['INITIALISED', 'READY', 'STREAMING', 'STOPPED'];

/**
 * What the server knows, kept fresh: the list by events and, now and then, whole; samples and workers by asking. Views
 * listen for `change`. Asks only while the page can be seen.
 */
export class Store extends EventTarget {
  streams = new Map();
  workers = [];
  routers = [];
  /** Of each live stream: its latest samples, oldest first. */
  samples = new Map();
  /** Of each live stream: what its viewers report. */
  audiences = new Map();
  /** Whether the last question was answered; undefined before the first answer. */
  isReachable;
  #source;

  start() {
    this.#every(LIST_MS, () => this.loadStreams());
    this.#every(WORKERS_MS, () => this.loadWorkers());
    this.#every(SAMPLES_MS, () => this.#loadSamples());
    this.#follow();
  }

  get live() {
    return [...this.streams.values()].filter(({ state }) => state !== 'STOPPED');
  }

  put(stream) {
    this.streams.set(stream.stream_id, stream);
    this.#changed();
  }

  async loadStreams() {
    const streams = new Map();
    let cursor = '';
    do {
      const page = await call(
        'GET',
        `/v1/streams?${LIVE}&limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      for (const stream of page.data) streams.set(stream.stream_id, stream);
      cursor = page.next_cursor ?? '';
    } while (cursor !== '' && streams.size < LIST_MAX);
    this.streams = streams;
    for (const id of this.samples.keys()) if (!this.streams.has(id)) this.samples.delete(id);
    this.#changed();
  }

  async loadWorkers() {
    const [workers, routers] = await Promise.all(['/v1/workers', '/v1/routers'].map(path => call('GET', path)));
    this.workers = workers.data;
    this.routers = routers.data;
    this.#changed();
  }

  async #loadSamples() {
    if (this.live.length === 0) return;
    const { data } = await call('GET', '/v1/stats');
    this.audiences = new Map(data.map(({ stream_id: id, audience }) => [id, audience]));
    for (const { stream_id: id, sample } of data) {
      const known = this.samples.get(id) ?? [];
      if (sample.time !== known.at(-1)?.time) this.samples.set(id, [...known.slice(1 - KEPT), sample]);
    }
    const live = new Set(data.map(({ stream_id }) => stream_id));
    for (const id of this.samples.keys()) if (!live.has(id)) this.samples.delete(id);
    this.#changed();
  }

  /** An event is only the news that a stream has changed: its record is asked for, at most once a second for each. */
  #follow() {
    this.#source = new EventSource('/v1/events');
    const asked = new Map();
    const onEvent = ({ data }) => {
      const { stream_id: id } = JSON.parse(data);
      if (asked.has(id)) return;
      const refresh = async () => {
        asked.delete(id);
        this.put(await call('GET', `/v1/streams/${id}`));
      };
      asked.set(
        id,
        setTimeout(() => this.#try(refresh), this.streams.has(id) ? 300 : 0),
      );
    };
    for (const state of STATES) this.#source.addEventListener(state, onEvent);
  }

  #every(ms, ask) {
    const round = async () => {
      if (!document.hidden) await this.#try(ask);
      setTimeout(round, ms);
    };
    void round();
  }

  async #try(ask) {
    try {
      await ask();
      this.#reached(true);
    } catch (error) {
      // A refusal is an answer: the stream may be gone, for one.
      this.#reached(error.status !== undefined && error.status < 500);
    }
  }

  #reached(is) {
    if (this.isReachable === is) return;
    this.isReachable = is;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
