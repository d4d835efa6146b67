import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { RestartBudget } from './restartBudget.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: 0, enableOfflineQueue: false });
  await new Promise(resolve => redis.once('ready', resolve));
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const job = { streamId: 'show', run: 'r1' };
const budget = (restarts: number, windowMs = 60_000, client = redis, of = job) =>
  new RestartBudget({ redis: client, job: of, limits: { restarts, windowMs }, log: silentLogger() });

test('counts down, across workers', async () => {
  expect(await budget(2).spend('crash')).toBe(1);
  const other = budget(2);
  expect(await other.spend('crash')).toBe(0);
  expect(await other.spend('crash')).toBe(-1);
});

test('another run has a budget of its own, and nothing stays for ever', async () => {
  await budget(1).spend('crash');
  expect(await budget(1, 60_000, redis, { ...job, run: 'r2' }).spend('crash')).toBe(0);
  for (const key of await redis.keys('*')) expect(await redis.pttl(key)).toBeGreaterThan(0);
});

test('the window slides', async () => {
  const sliding = budget(1, 200);
  await sliding.spend('crash');
  await expect.poll(async () => redis.exists(keys.restarts('show', 'r1'))).toBe(0);
  expect(await sliding.spend('crash')).toBe(0);
});

test('without Redis it counts what this process knows', async () => {
  const away = new Redis(server.url, { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0 });
  const alone = budget(1, 60_000, away);
  expect(await alone.spend('crash')).toBe(0);
  expect(await alone.spend('crash')).toBe(-1);
  away.disconnect();
});
