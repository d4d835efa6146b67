import type { Redis } from 'ioredis';

/** BullMQ's own prefix; a queue exists when it has this key. */
const META = { head: 'bull:', tail: ':meta' } as const;

/**
 * The names of the BullMQ queues in Redis that begin with `prefix`. They are as they were found: anyone who may write to
 * Redis can make one, so the caller checks them. Costs a SCAN of all keys.
 * @param most stop when so many are found
 */
export async function findQueues(redis: Redis, prefix: string, most = Number.POSITIVE_INFINITY): Promise<Set<string>> {
  const found = new Set<string>();
  const pattern = `${META.head}${prefix}*${META.tail}`;
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1_000);
    for (const key of keys) found.add(key.slice(META.head.length, -META.tail.length));
    cursor = next;
  } while (cursor !== '0' && found.size < most);
  return found;
}
