import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { idleWorker } from '../testing/idleWorker.ts';
import { startRedis, type TestRedis } from '../testing/startRedis.ts';
import { WorkerRegistry } from './workerRegistry.ts';
import { takesStreams } from './workerStatus.ts';

let server: TestRedis;
let redis: Redis;
let registry: WorkerRegistry;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  registry = new WorkerRegistry(redis);
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

test('lists the living, oldest first, as they described themselves last', async () => {
  await registry.heartbeat(idleWorker('b'), 5_000);
  await registry.heartbeat(idleWorker('a', { since: 1 }), 5_000);
  const busy = idleWorker('b', { busy: 'its disk is nearly full', streams: 1 });
  await registry.heartbeat(busy, 5_000);
  expect(await registry.list()).toEqual([idleWorker('a', { since: 1 }), busy]);
});

test('one that left, or fell silent, is not listed, and nothing of it stays', async () => {
  await registry.heartbeat(idleWorker('gone'), 5_000);
  await registry.leave('gone');
  await registry.heartbeat(idleWorker('silent'), 30);
  await expect.poll(() => registry.list()).toEqual([]);
  for (const key of await redis.keys('*')) expect(await redis.ttl(key), key).toBeGreaterThan(0);
});

test('a worker whose clock is wrong neither hides the others nor is hidden', async () => {
  await registry.heartbeat(idleWorker('right'), 5_000);
  vi.useFakeTimers({ now: Date.now() + 3_600_000, toFake: ['Date'] });
  try {
    await registry.heartbeat(idleWorker('ahead'), 5_000);
    expect((await registry.list()).map(({ id }) => id).sort()).toEqual(['ahead', 'right']);
    vi.setSystemTime(Date.now() - 7_200_000);
    await registry.heartbeat(idleWorker('behind'), 5_000);
    expect((await registry.list()).map(({ id }) => id).sort()).toEqual(['ahead', 'behind', 'right']);
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  ['a free slot', {}, true],
  ['full', { streams: 2 }, false],
  ['full by cost', { used: 2, streams: 1, full: true }, false],
  ['many cheap streams', { used: 1, streams: 20, full: false }, true],
  ['draining', { draining: true }, false],
  ['overloaded', { busy: 'encodes run below real time' }, false],
])('takes streams: %s', (_name, more, takes) => {
  expect(takesStreams(idleWorker('w', more))).toBe(takes);
});
