import type { Redis } from 'ioredis';
import { keys } from '../redis/keys.ts';
import { LuaScript } from '../redis/luaScript.ts';

/** Ends a lost worker's lease of a stream at once, and tells the workers. False: another owner has it by now. */
export class LostWorkerScript {
  readonly #script = new LuaScript(new URL('./lua/report-lost.lua', import.meta.url));

  async run(
    redis: Redis,
    { streamId, run, token }: { streamId: string; run: string; token: string },
  ): Promise<boolean> {
    return (await this.#script.run(redis, [keys.stream(streamId)], [run, token, keys.lostChannel, streamId])) === 1;
  }
}
