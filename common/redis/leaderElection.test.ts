import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startRedis, type TestRedis } from '../testing/startRedis.ts';
import { LeaderElection } from './leaderElection.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const candidate = (ttlMs = 60_000, key = 'leader') => new LeaderElection({ redis, key, ttlMs });

test('one of many leads, and goes on leading', async () => {
  const candidates = Array.from({ length: 10 }, () => candidate());
  const first = await Promise.all(candidates.map(each => each.lead()));
  expect(first.filter(Boolean)).toHaveLength(1);
  expect(await Promise.all(candidates.map(each => each.lead()))).toEqual(first);
});

test('each call renews the time, and the key always expires', async () => {
  const leader = candidate();
  await leader.lead();
  await redis.pexpire('leader', 1_000);
  await leader.lead();
  expect(await redis.pttl('leader')).toBeGreaterThan(50_000);
});

test('another leads when the leader does not come back in time', async () => {
  await candidate(50).lead();
  const successor = candidate();
  await vi.waitFor(async () => expect(await successor.lead()).toBe(true), { timeout: 10_000, interval: 20 });
});

test('kinds of work have leaders of their own', async () => {
  expect(await candidate(60_000, 'one').lead()).toBe(true);
  expect(await candidate(60_000, 'other').lead()).toBe(true);
});
