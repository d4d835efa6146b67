import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../createLogger.ts';
import { type RedisAddress, redisAddress } from './redisAddress.ts';

const PING_MS = 5_000;
/** A Sentinel that has not answered by then is passed over for the next one. */
const SENTINEL_MS = 2_000;

type SentinelAddress = Extract<RedisAddress, { kind: 'sentinel' }>;

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

/** REDIS_URL, and the certificates (PEM) that prove a server's in place of the system's. */
export interface RedisServer {
  REDIS_URL: string;
  REDIS_CA?: string | undefined;
}

/**
 * A connection to Redis, to the primary where REDIS_URL names Sentinels. Reconnects for ever, at most 1.2 s apart; its errors go to
 * the log, one line per outage. BullMQ's own connections are duplicates of it, with the same options.
 * @param server a URL alone means no REDIS_CA
 */
export function createRedis(server: RedisServer | string, role: keyof typeof roles, log: Logger): Redis {
  const { REDIS_URL: url, REDIS_CA: ca } = typeof server === 'string' ? { REDIS_URL: server } : server;
  const options = {
    retryStrategy: reconnect,
    connectTimeout: 2_000,
    keepAlive: 5_000,
    // A primary that became a replica: ask again which one is the primary, or what the name means by now.
    reconnectOnError: ({ message }: Error) => message.startsWith('READONLY') && (role === 'queue' ? 2 : 1),
    ...roles[role],
  };
  const tls = ca === undefined ? {} : { ca };
  const address = redisAddress(url);
  const redis =
    address?.kind === 'sentinel'
      ? new Redis({ ...options, ...bySentinel(address, tls) })
      : new Redis(url, { ...options, ...(url.startsWith('rediss:') && { tls }) });
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

function bySentinel({ kind: _, tls: isEncrypted, ...where }: SentinelAddress, tls: { ca?: string }) {
  return {
    ...where,
    ...(isEncrypted && { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
    sentinelRetryStrategy: reconnect,
    sentinelCommandTimeout: SENTINEL_MS,
  };
}

/** A subscriber sends nothing by itself, and so would never notice that its connection is dead. */
function keepAsking(redis: Redis): void {
  const timer = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(() => undefined);
  }, PING_MS).unref();
  redis.on('end', () => clearInterval(timer));
}
