import type { Redis } from 'ioredis';
import { z } from 'zod';
import { EntryParser } from '../redis/entryParser.ts';
import { keys } from '../redis/keys.ts';
import { LuaScript } from '../redis/luaScript.ts';

/** Lines that are kept of a stream. */
const KEPT = 50;
const TTL_SECONDS = 86_400;

const stored = z.object({
  /** ms since 1970. */
  time: z.number(),
  /** pino's: 30 info, 40 warn, 50 error, 60 fatal. */
  level: z.number(),
  message: z.string(),
  /** What else the line has, as JSON. */
  details: z.string(),
});

/** A line that a worker has logged about a stream, without what is the same in all of them. */
export type LogLine = z.infer<typeof stored>;

/** The last lines that workers have logged about each stream, in Redis: 50 of them, for a day. */
export class StreamLogs {
  readonly #redis: Redis;
  readonly #entries: EntryParser;
  readonly #append = new LuaScript(new URL('./lua/append-log.lua', import.meta.url));

  /** @param entries counts lines that do not parse */
  constructor(redis: Redis, entries = new EntryParser()) {
    this.#redis = redis;
    this.#entries = entries;
  }

  /** Appends lines to the logs of streams, in one command. Those of a stream without a record are dropped. */
  async append(lines: ReadonlyMap<string, readonly LogLine[]>): Promise<void> {
    const names = [...lines.keys()].flatMap(id => [keys.stream(id), keys.log(id)]);
    const each = [...lines.values()].flatMap(own => {
      const latest = own.slice(-KEPT);
      return [latest.length, ...latest.map(line => JSON.stringify(line))];
    });
    await this.#append.run(this.#redis, names, [KEPT, TTL_SECONDS, ...each]);
  }

  /** Oldest first. A line that does not parse is skipped. */
  async read(streamId: string): Promise<LogLine[]> {
    const key = keys.log(streamId);
    const texts = await this.#redis.lrange(key, 0, -1);
    return texts.flatMap(text => this.#entries.parse('log line', key, () => stored.parse(JSON.parse(text))) ?? []);
  }
}
