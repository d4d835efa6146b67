import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../createLogger.ts';

const PING_MS = 5_000;

const reconnect = (attempt: number): number => Math.min(100 * attempt, 1_000) + Math.random() * 200;

/**
 * What a connection is for decides how it fails:
 * - `queue`: BullMQ's; commands wait for Redis to come back (`maxRetriesPerRequest: null` is BullMQ's demand).
 * - `request`: one HTTP request hangs on it; fails at once when Redis is away, after 1.5 s when it is silent.
 * - `lease`: renewals; a late answer is as bad as none.
 * - `subscriber`: pub/sub; resubscribes by itself.
 *
 * A connection that stays silent for `socketTimeout` (ms) after a command is closed and opened again: one that a firewall has
 * forgotten would else hang for a quarter of an hour (tcp(7), tcp_retries2). `queue` has more, since BullMQ's blocking
 * reads take up to 10 s.
 */
const roles = {
  queue: { maxRetriesPerRequest: null, socketTimeout: 20_000 },
  request: { maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout: 1_500, socketTimeout: 5_000 },
  lease: { maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout: 1_500, socketTimeout: 5_000 },
  subscriber: { maxRetriesPerRequest: null, socketTimeout: 10_000 },
} as const satisfies Record<string, RedisOptions>;

/** A connection to Redis. Reconnects for ever, at most 1.2 s apart; its errors go to the log, one line per outage. */
export function createRedis(url: string, role: keyof typeof roles, log: Logger): Redis {
  const redis = new Redis(url, {
    retryStrategy: reconnect,
    connectTimeout: 2_000,
    keepAlive: 5_000,
    ...roles[role],
  });
  let away = false;
  redis.on('error', (error: Error) => {
    if (!away) log.warn({ err: error, role }, 'Redis is away; reconnecting');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info({ role }, 'Redis is back');
    away = false;
  });
  if (role === 'subscriber') keepAsking(redis);
  return redis;
}

/** A subscriber sends nothing by itself, and so would never notice that its connection is dead. */
function keepAsking(redis: Redis): void {
  const timer = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(() => undefined);
  }, PING_MS).unref();
  redis.on('end', () => clearInterval(timer));
}
