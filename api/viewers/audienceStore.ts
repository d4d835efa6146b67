import type { Redis } from 'ioredis';
import { keys } from '../../common/redis/keys.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';
import { type Audience, audienceOf } from './audience.ts';
import { joinTimes } from './joinTimes.ts';
import type { ViewerBeacon } from './viewerBeacon.ts';

/** Of the windows in which viewers are counted: longer than the time between two beacons of a page. */
const WINDOW_SECONDS = 20;
/** Viewers of a stream that report. Of more, a share does. */
const MOST = 1_000;
const MINUTES = 5;
/** Streams in one script: Redis does nothing else while it runs. */
const BATCH = 100;

/** What viewers report, in Redis: for each stream some counters of bounded size, which expire within minutes. */
export class AudienceStore {
  readonly #redis: Redis;
  readonly #record = new LuaScript(new URL('./lua/record-beacons.lua', import.meta.url));
  readonly #read = new LuaScript(new URL('./lua/read-audiences.lua', import.meta.url));

  /** @param redis fail-fast (role `request`) */
  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Adds beacons. Those of streams that do not run are dropped. Rejects when Redis does not answer. */
  async record(beacons: ReadonlyMap<string, readonly ViewerBeacon[]>): Promise<void> {
    const ids = [...beacons.keys()];
    if (ids.length === 0) return;
    const runs = await this.#redis.smismember(keys.live, ...ids);
    await Promise.all(
      ids
        .filter((_, i) => runs[i] === 1)
        .map(id => {
          const names = [keys.audiences, keys.viewers(id), keys.audience(id)];
          const args = (beacons.get(id) ?? []).flatMap(({ viewer, stalls, errors, join_ms: joinMs }) => [
            ...[viewer, stalls, errors],
            joinMs === undefined ? -1 : joinTimes.classOf(joinMs),
          ]);
          return this.#record.run(this.#redis, names, [id, WINDOW_SECONDS, MOST, ...args]);
        }),
    );
  }

  /** Of every stream that viewers have reported in the last minutes, with the share of viewers (0 to 1) that is to report. */
  async read(): Promise<Map<string, Audience & { share: number }>> {
    const ids = await this.#redis.zrange(keys.audiences, '0', '-1');
    const audiences = new Map<string, Audience & { share: number }>();
    for (let from = 0; from < ids.length; from += BATCH) {
      const batch = ids.slice(from, from + BATCH);
      const names = batch.flatMap(id => [keys.viewers(id), keys.audience(id)]);
      const answer = await this.#read.run(this.#redis, names, [WINDOW_SECONDS, MINUTES]);
      const [seconds, ...streams] = answer as [number, ...[number, number, ...string[][]][]];
      for (const [i, [viewers, level, ...minutes]] of streams.entries()) {
        audiences.set(batch[i] ?? '', { ...audienceOf(viewers, minutes, seconds), share: 2 ** -level });
      }
    }
    return audiences;
  }
}
