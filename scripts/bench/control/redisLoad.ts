import type { Redis } from 'ioredis';

interface CommandCount {
  calls: number;
  usec: number;
}

/** What Redis says of itself at one moment. */
export interface RedisState {
  at: number;
  /** CPU time of the server (s), its background threads and the AOF's included. */
  cpu: number;
  /** Of its main thread only (s). */
  mainCpu: number;
  memory: number;
  commands: ReadonlyMap<string, CommandCount>;
}

export interface RedisLoad {
  seconds: number;
  /** Shares of a core. */
  cpu: number;
  mainCpu: number;
  /** Commands executed a second, those inside scripts each for itself. */
  executed: number;
  /** By the time they took, most first. The time of a script has that of its commands in it. */
  top: { name: string; perSecond: number; usecEach: number; share: number }[];
}

/** Reads INFO. */
export async function redisState(redis: Redis): Promise<RedisState> {
  const text = await redis.info('everything');
  const field = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1]);
  const commands = new Map<string, CommandCount>();
  for (const [, name = '', calls, usec] of text.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm))
    commands.set(name, { calls: Number(calls), usec: Number(usec) });
  return {
    at: performance.now(),
    cpu: field('used_cpu_user') + field('used_cpu_sys'),
    mainCpu: field('used_cpu_user_main_thread') + field('used_cpu_sys_main_thread'),
    memory: field('used_memory'),
    commands,
  };
}

/** What happened between two moments. */
export function redisLoad(before: RedisState, after: RedisState): RedisLoad {
  const seconds = (after.at - before.at) / 1000;
  let executed = 0;
  const top: RedisLoad['top'] = [];
  for (const [name, { calls, usec }] of after.commands) {
    const old = before.commands.get(name) ?? { calls: 0, usec: 0 };
    const times = calls - old.calls;
    if (times === 0) continue;
    const spent = usec - old.usec;
    executed += times;
    top.push({ name, perSecond: times / seconds, usecEach: spent / times, share: spent / 1e6 / seconds });
  }
  return {
    seconds,
    cpu: (after.cpu - before.cpu) / seconds,
    mainCpu: (after.mainCpu - before.mainCpu) / seconds,
    executed: executed / seconds,
    top: top.toSorted((a, b) => b.share - a.share),
  };
}

const families: readonly [string, RegExp][] = [
  ['stream records', /^livetran:stream:/],
  ['ledgers', /^livetran:ledger:/],
  ['webhook lanes and hosts', /^livetran:webhook-(lane|host|places|retries|waiting|parked|lanes)/],
  ['webhook deliveries', /^livetran:webhook-deliveries:/],
  ['ports', /^livetran:ports:/],
  ["BullMQ's event streams", /^bull:[^:]+:events$/],
  ['queue streams', /^bull:streams:/],
  ['queues uploads-*', /^bull:uploads-/],
  ['queue webhooks', /^bull:webhooks:/],
  ['queue retention', /^bull:retention:/],
];

/** Bytes of all keys by family (MEMORY USAGE of each; slow). */
export async function memoryByFamily(redis: Redis): Promise<Map<string, { keys: number; bytes: number }>> {
  const found = new Map<string, { keys: number; bytes: number }>();
  for await (const batch of redis.scanStream({ count: 1_000 }) as AsyncIterable<string[]>) {
    if (batch.length === 0) continue;
    const pipeline = redis.pipeline();
    for (const key of batch) pipeline.memory('USAGE', key, 'SAMPLES', 0);
    const answers = (await pipeline.exec()) ?? [];
    for (const [i, key] of batch.entries()) {
      const family = families.find(([, pattern]) => pattern.test(key))?.[0] ?? 'others';
      const sum = found.get(family) ?? { keys: 0, bytes: 0 };
      found.set(family, { keys: sum.keys + 1, bytes: sum.bytes + Number(answers[i]?.[1] ?? 0) });
    }
  }
  return found;
}
