import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { keys } from '../../../common/redis/keys.ts';
import { LuaScript } from '../../../common/redis/luaScript.ts';

const WORK_MS = 10_000;
/** A request that was given up may still arrive for as long as the rest. */
const HOLD_MS = 30_000;

/**
 * Keeps owners from a stopped stream while objects of it are deleted. The store cannot do that: R2 has no conditional
 * delete, so a delete that was decided before a new run began would take the new run's playlist.
 */
export class PurgeFence {
  readonly #redis: Redis;
  readonly #hold = new LuaScript(new URL('./lua/hold-stopped.lua', import.meta.url));
  readonly #release = new LuaScript(new URL('./lua/release-stopped.lua', import.meta.url));

  /** @param redis role `request` */
  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /**
   * Runs `work` while no worker can take the stream; a new run waits for its end. After a failure new owners are kept away
   * for 30 s, since a delete without an answer may still be carried out.
   * @param run of the stream's record as it was read before the caller listed the store; undefined: there was none
   * @param work gets a signal that ends it after 10 s
   * @returns false when the stream was started since then, or another purge holds it: nothing was done
   */
  async hold(
    streamId: string,
    run: string | undefined,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<boolean> {
    const hold = keys.purge(streamId);
    const holder = randomUUID();
    const signal = AbortSignal.timeout(WORK_MS);
    const held = await this.#hold.run(this.#redis, [keys.stream(streamId), hold], [run ?? '', holder, HOLD_MS]);
    if (held !== 1) return false;
    await work(signal);
    await this.#release.run(this.#redis, [hold], [holder]);
    return true;
  }
}
