import type { Redis } from 'ioredis';
import { keys } from '../../common/redis/keys.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';
import type { StreamReason } from '../../common/stream/streamState.ts';

/**
 * Makes a function that reports something to a run's webhooks that does not change the stream's state. Any process may call
 * it. It resolves to false when the run's record is gone, and rejects while Redis is away.
 * @param redis role `request`
 */
export function createTellStream(
  redis: Redis,
): (stream: { streamId: string; run: string }, reason: StreamReason, update: string) => Promise<boolean> {
  const script = new LuaScript(new URL('./lua/tell-stream.lua', import.meta.url));
  return async ({ streamId, run }, reason, update) => {
    const written = await script.run(redis, [keys.stream(streamId), keys.outbox], [streamId, run, reason, update]);
    return written === 1;
  };
}
