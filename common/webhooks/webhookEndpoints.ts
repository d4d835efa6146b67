import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { EntryParser } from '../redis/entryParser.ts';
import { fields } from '../redis/fields.ts';
import { keys } from '../redis/keys.ts';
import { LuaScript } from '../redis/luaScript.ts';

const endpoint = z.object({
  id: z.string(),
  url: z.string(),
  /** States and reasons; an event is sent when its state or its reason is among them. Empty: every event. */
  events: z.array(z.string()).default([]),
  enabled: z.boolean(),
  /** When its receiver answered 410, which switched it off (ms); 0: it has not. */
  endedAt: fields.ms.default(0),
  createdAt: fields.ms,
  updatedAt: fields.ms,
});

/** A receiver of all streams' events. */
export type WebhookEndpoint = z.infer<typeof endpoint>;

export const MOST_ENDPOINTS = 20;

/** The receivers of all streams' events, in Redis. */
export class WebhookEndpoints {
  readonly #redis: Redis;
  readonly #entries: EntryParser;
  readonly #save = new LuaScript(new URL('./lua/save-endpoint.lua', import.meta.url));

  constructor(redis: Redis, entries = new EntryParser()) {
    this.#redis = redis;
    this.#entries = entries;
  }

  /** Oldest first; those that do not parse are left out. */
  async list(): Promise<WebhookEndpoint[]> {
    const all = Object.entries(await this.#redis.hgetall(keys.webhookEndpoints));
    const endpoints = all.flatMap(([id, text]) => this.#parse(id, text) ?? []);
    return endpoints.sort((a, b) => a.createdAt - b.createdAt || a.id.localeCompare(b.id));
  }

  async get(id: string): Promise<WebhookEndpoint | undefined> {
    const text = await this.#redis.hget(keys.webhookEndpoints, id);
    return text === null ? undefined : this.#parse(id, text);
  }

  /** Undefined when there are MOST_ENDPOINTS already. */
  async create(given: Pick<WebhookEndpoint, 'url' | 'events' | 'enabled'>): Promise<WebhookEndpoint | undefined> {
    const now = Date.now();
    const made = { ...given, id: `we_${randomUUID().replaceAll('-', '')}`, endedAt: 0, createdAt: now, updatedAt: now };
    const saved = await this.#save.run(
      this.#redis,
      [keys.webhookEndpoints],
      [made.id, JSON.stringify(made), MOST_ENDPOINTS],
    );
    return saved === 1 ? made : undefined;
  }

  /** Undefined when there is none of that id. */
  async update(
    id: string,
    change: Partial<Pick<WebhookEndpoint, 'url' | 'events' | 'enabled' | 'endedAt'>>,
  ): Promise<WebhookEndpoint | undefined> {
    const known = await this.get(id);
    if (!known) return undefined;
    const changed = { ...known, ...change, updatedAt: Date.now() };
    const saved = await this.#save.run(this.#redis, [keys.webhookEndpoints], [id, JSON.stringify(changed), 0]);
    return saved === 1 ? changed : undefined;
  }

  /** Whether there was one. */
  async remove(id: string): Promise<boolean> {
    return (await this.#redis.hdel(keys.webhookEndpoints, id)) === 1;
  }

  #parse(id: string, text: string): WebhookEndpoint | undefined {
    return this.#entries.parse('webhook endpoint', id, () => endpoint.parse(JSON.parse(text)));
  }
}
