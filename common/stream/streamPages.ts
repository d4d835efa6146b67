import type { Redis } from 'ioredis';
import { keys } from '../redis/keys.ts';
import type { StreamRecord } from './streamRecord.ts';
import type { StreamState } from './streamState.ts';
import type { StreamStore } from './streamStore.ts';

/** A place in the listing: the latest start comes first, of equal ones the greater id. */
export interface PagePlace {
  /** The time of a start, ms since 1970. */
  at: number;
  streamId: string;
}

export interface PageQuery {
  limit: number;
  /** The page begins behind this place. */
  after?: PagePlace | undefined;
  states?: readonly StreamState[] | undefined;
  /** ms since 1970; created at `from` or later, and before `before`. */
  from?: number | undefined;
  before?: number | undefined;
  /** The stream has this metadata; without a value: any. */
  metadata?: { key: string; value?: string | undefined } | undefined;
  /** In the stream's id or title, whatever the case of its letters. */
  text?: string | undefined;
}

export interface Page {
  records: StreamRecord[];
  /** Where the next page begins; undefined: this is the last one. */
  next?: PagePlace;
}

/** Read from the index at a time, and read at most for one page: a page may be short, and still have a next one. */
const BATCH = 200;
const MOST = 2_000;

const isBehind = (a: PagePlace, b: PagePlace): boolean => a.at < b.at || (a.at === b.at && a.streamId < b.streamId);
const inOrder = (a: PagePlace, b: PagePlace): number => (isBehind(b, a) ? -1 : 1);

/**
 * The streams started within the last 72 h and all that still run, in pages, the latest start first. A page begins behind a place,
 * so what is started meanwhile moves nothing.
 */
export class StreamPages {
  readonly #redis: Redis;
  readonly #store: Pick<StreamStore, 'read'>;

  constructor(redis: Redis, store: Pick<StreamStore, 'read'>) {
    this.#redis = redis;
    this.#store = store;
  }

  async page(query: PageQuery): Promise<Page> {
    const isLive = query.states && !query.states.includes('STOPPED');
    const places = isLive ? this.#livePlaces(query) : this.#places(query);
    const records: StreamRecord[] = [];
    let scanned = 0;
    for await (const batch of places) {
      const found = new Map((await this.#store.read(batch.map(({ streamId }) => streamId))).map(r => [r.streamId, r]));
      for (const [i, place] of batch.entries()) {
        const record = found.get(place.streamId);
        if (record && matches(record, query)) records.push(record);
        scanned += 1;
        const isFull = records.length === query.limit || scanned === MOST;
        if (isFull) return (await this.#isLast(batch, i, places)) ? { records } : { records, next: place };
      }
    }
    return { records };
  }

  async #isLast(batch: readonly PagePlace[], i: number, places: AsyncGenerator<unknown>): Promise<boolean> {
    return i === batch.length - 1 && (await places.next()).done === true;
  }

  /** From the index, then the streams that have run for longer than it goes back. */
  async *#places(query: PageQuery): AsyncGenerator<PagePlace[]> {
    let last = startOf(query);
    let count = BATCH;
    for (;;) {
      const [max, min] = [`${last?.at ?? '+inf'}`, `${query.from ?? '-inf'}`];
      const raw = await this.#redis.zrange(keys.index, max, min, 'BYSCORE', 'REV', 'LIMIT', 0, count, 'WITHSCORES');
      const all = placesOf(raw);
      const batch = last ? all.filter(place => isBehind(place, last as PagePlace)) : all;
      if (batch.length > 0) yield batch;
      if (all.length < count) break;
      // More streams of one millisecond than a batch holds: only a greater one gets past them.
      if (batch.length === 0) count *= 2;
      last = batch.at(-1) ?? last;
    }
    const old = await this.#older(query);
    if (old.length > 0) yield old;
  }

  async #older(query: PageQuery): Promise<PagePlace[]> {
    const ids = await this.#redis.smembers(keys.live);
    if (ids.length === 0) return [];
    const scores = await this.#redis.zmscore(keys.index, ...ids);
    return this.#placesOfLive(
      ids.filter((_, i) => scores[i] === null),
      query,
    );
  }

  async *#livePlaces(query: PageQuery): AsyncGenerator<PagePlace[]> {
    const places = await this.#placesOfLive(await this.#redis.smembers(keys.live), query);
    for (let i = 0; i < places.length; i += BATCH) yield places.slice(i, i + BATCH);
  }

  async #placesOfLive(ids: readonly string[], query: PageQuery): Promise<PagePlace[]> {
    const start = startOf(query);
    return (await this.#store.read(ids))
      .map(({ streamId, createdAt }) => ({ streamId, at: createdAt }))
      .filter(place => (!start || isBehind(place, start)) && place.at >= (query.from ?? 0))
      .sort(inOrder);
  }
}

/** Nothing is behind the empty id, so such a place is before all streams of its time. */
function startOf({ after, before }: PageQuery): PagePlace | undefined {
  const limit = before === undefined ? undefined : { at: before, streamId: '' };
  if (!after || !limit) return after ?? limit;
  return isBehind(after, limit) ? after : limit;
}

/** Redis's answer: id, score, id, score. */
function placesOf(raw: readonly string[]): PagePlace[] {
  const places: PagePlace[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) places.push({ streamId: raw[i] ?? '', at: Number(raw[i + 1]) });
  return places;
}

function matches(record: StreamRecord, { states, metadata, text }: PageQuery): boolean {
  if (states && !states.includes(record.state)) return false;
  if (text && !`${record.streamId}\n${record.title}`.toLowerCase().includes(text.toLowerCase())) return false;
  if (!metadata) return true;
  const value = Object.hasOwn(record.metadata, metadata.key) ? record.metadata[metadata.key] : undefined;
  return value !== undefined && (metadata.value === undefined || metadata.value === value);
}
