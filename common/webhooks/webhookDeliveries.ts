import type { Redis } from 'ioredis';
import { EntryParser } from '../redis/entryParser.ts';
import { keys } from '../redis/keys.ts';
import { type WebhookDelivery, webhookDelivery } from './webhookDelivery.ts';

/** What became of a stream's webhooks: the last 100, for 72 h (worker/notify/lua/note-delivery.lua writes them). */
export class WebhookDeliveries {
  readonly #redis: Redis;
  readonly #entries: EntryParser;

  constructor(redis: Redis, entries = new EntryParser()) {
    this.#redis = redis;
    this.#entries = entries;
  }

  /** Newest first. One that does not parse is left out. */
  async list(streamId: string): Promise<WebhookDelivery[]> {
    const ids = await this.#redis.zrange(keys.webhookDeliveryOrder(streamId), '+inf', '-inf', 'BYSCORE', 'REV');
    if (ids.length === 0) return [];
    const texts = await this.#redis.hmget(keys.webhookDeliveries(streamId), ...ids);
    const found = texts.flatMap((text, i) => (text === null ? [] : (this.#parse(ids[i] ?? '', text) ?? [])));
    // Those that were made within a millisecond come by their ids.
    return found.toSorted((a, b) => b.createdAt - a.createdAt || b.sequence - a.sequence);
  }

  async get(streamId: string, id: string): Promise<WebhookDelivery | undefined> {
    const text = await this.#redis.hget(keys.webhookDeliveries(streamId), id);
    return text === null ? undefined : this.#parse(id, text);
  }

  #parse(id: string, text: string): WebhookDelivery | undefined {
    return this.#entries.parse('webhook delivery', id, () => webhookDelivery.parse(JSON.parse(text)));
  }
}
