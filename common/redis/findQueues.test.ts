import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../testing/startRedis.ts';
import { findQueues } from './findQueues.ts';
import { createQueue } from './queues.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

test('finds the queues of a prefix by what BullMQ writes, and as many as are asked for', async () => {
  const names = Array.from({ length: 1_500 }, (_, i) => `uploads-node${i}`);
  for (const name of ['streams', ...names.slice(0, 3)]) {
    const queue = createQueue(name, redis, {});
    await queue.waitUntilReady();
    await queue.close();
  }
  expect([...(await findQueues(redis, 'uploads-'))].sort()).toEqual(names.slice(0, 3));
  expect(await findQueues(redis, 'webhooks')).toEqual(new Set());
  const pipeline = redis.pipeline();
  for (const name of names) pipeline.hset(`bull:${name}:meta`, 'version', 'x');
  await pipeline.exec();
  expect(await findQueues(redis, 'uploads-')).toEqual(new Set(names));
  const { size } = await findQueues(redis, 'uploads-', 10);
  expect(size).toBeGreaterThanOrEqual(10);
  expect(size).toBeLessThan(names.length);
});
