import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { keys } from '../redis/keys.ts';
import { idleWorker } from '../testing/idleWorker.ts';
import { startRedis, type TestRedis } from '../testing/startRedis.ts';
import { DrainedSet } from './drainedSet.ts';
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
  expect(await registry.list()).toEqual([
    { ...idleWorker('a', { since: 1 }), isDrained: false },
    { ...busy, isDrained: false },
  ]);
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

describe('drained by an operator', () => {
  const answers = (...ids: string[]) => Promise.all(ids.map(id => registry.heartbeat(idleWorker(id), 5_000)));
  const listed = async () =>
    (await registry.list()).map(({ id, draining, drainedBy = '-', isDrained }) => [id, draining, drainedBy, isDrained]);

  test('a worker is told with its next heartbeat, and the list shows it at once', async () => {
    expect(await answers('a', 'b')).toEqual([false, false]);
    await registry.setDrained({ worker: 'a' }, true);
    expect(await listed()).toEqual([
      ['a', true, 'worker', false],
      ['b', false, '-', false],
    ]);
    expect(await answers('a', 'b')).toEqual([true, false]);
    await registry.heartbeat(idleWorker('a', { draining: true, streams: 1 }), 5_000);
    expect((await listed())[0]).toEqual(['a', true, 'worker', false]);
    await registry.heartbeat(idleWorker('a', { draining: true }), 5_000);
    expect((await listed())[0]).toEqual(['a', true, 'worker', true]);
    await registry.setDrained({ worker: 'a' }, false);
    expect(await answers('a', 'b')).toEqual([false, false]);
  });

  test('a node stays drained over the lives of its workers, until it is undrained', async () => {
    await answers('a');
    await registry.setDrained({ node: 'n1' }, true);
    await registry.leave('a');
    expect(await answers('later')).toEqual([true]);
    expect(await listed()).toEqual([['later', true, 'node', false]]);
    expect(await registry.nodes()).toEqual([{ node: 'n1', seenAt: expect.any(Number), draining: true }]);
    await redis.del(keys.nodes);
    expect(await registry.nodes()).toEqual([{ node: 'n1', seenAt: undefined, draining: true }]);
    await registry.setDrained({ node: 'n1' }, false);
    expect(await answers('later')).toEqual([false]);
    expect(await redis.exists(keys.drainedWorkers, keys.drainedNodes)).toBe(0);
  });

  test("a worker's entry goes with it, and survives its silence", async () => {
    await registry.heartbeat(idleWorker('w'), 30);
    await registry.setDrained({ worker: 'w' }, true);
    await expect.poll(() => registry.list()).toEqual([]);
    expect(await answers('w')).toEqual([true]);
    await registry.leave('w');
    expect(await redis.exists(keys.drainedWorkers, keys.drainedNodes)).toBe(0);
    // One that died: its entry is removed after a day, by any heartbeat.
    await registry.setDrained({ worker: 'dead' }, true);
    expect(await redis.pttl(keys.drainedWorkers)).toBeGreaterThan(0);
    await redis.zincrby(keys.drainedWorkers, -DrainedSet.silenceMs, 'dead');
    await answers('w');
    expect(await redis.exists(keys.drainedWorkers, keys.drainedNodes)).toBe(0);
  });
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
