import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { LuaScript } from '../../../common/redis/luaScript.ts';

/**
 * Removes a queue's oldest failed jobs, so that the payloads of the others are `maxBytes` together at most: BullMQ bounds
 * their number and age only (`removeOnFail`). Resolves to the ids of those that were removed.
 * @param redis role `request`
 */
export async function trimFailedJobs(queue: Queue, redis: Redis, maxBytes: number): Promise<string[]> {
  const script = new LuaScript(new URL('./lua/failed-beyond.lua', import.meta.url));
  const ids = (await script.run(redis, [queue.toKey('failed')], [queue.toKey(''), maxBytes])) as string[];
  const removed: string[] = [];
  // One that is being retried from the board by now is locked, and stays.
  for (const id of ids) if ((await queue.remove(id)) === 1) removed.push(id);
  return removed;
}
