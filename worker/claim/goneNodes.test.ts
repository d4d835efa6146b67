import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { createQueue, queueNames, type UploadJob } from '../../common/redis/queues.ts';
import { idleWorker } from '../../common/testing/idleWorker.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import { recordingLogger } from '../ingest/testing/testListener.ts';
import { GoneNodes } from './goneNodes.ts';

const DAY_MS = 86_400_000;

let server: TestRedis;
let redis: Redis;
let connection: Redis;
let registry: WorkerRegistry;
const queues: Queue[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  connection = new Redis(server.url, { maxRetriesPerRequest: null });
  registry = new WorkerRegistry(redis);
});
beforeEach(() => redis.flushall());
afterEach(async () => {
  await Promise.all(queues.splice(0).map(queue => queue.close()));
});
afterAll(async () => {
  redis.disconnect();
  connection.disconnect();
  await server.stop();
});

async function leaveUploads(node: string): Promise<void> {
  const queue = createQueue<UploadJob>(queueNames.uploads(node), connection, {});
  queues.push(queue);
  const job = { streamId: 'show', run: 'r', file: 'f', key: 'k', contentType: 't', cacheControl: 'c' };
  await queue.add('upload', job);
  await queue.add('upload', job, { delay: 60_000 });
}

const remove = (log = recordingLogger().log): Promise<string[]> =>
  new GoneNodes({ redis, connection, registry, log }).remove();
const seen = (node: string, ago: number) => redis.zadd(keys.nodes, Date.now() - ago, node);
const left = (node: string) => redis.keys(`bull:uploads-${node}:*`);

test('the queue of a node that is gone for a day is removed, and what was lost in it is logged', async () => {
  await leaveUploads('gone');
  await seen('gone', DAY_MS + 1_000);
  const { log, lines } = recordingLogger();
  expect(await remove(log)).toEqual(['gone']);
  expect(await left('gone')).toEqual([]);
  expect(lines).toEqual([
    expect.objectContaining({
      node: 'gone',
      lost: expect.objectContaining({ waiting: 1, delayed: 1 }),
      streams: ['show'],
    }),
  ]);
  expect(await remove()).toEqual([]);
});

test('not one of a node that was seen a moment ago, nor while a worker of the node lives', async () => {
  await leaveUploads('n1');
  await seen('n1', DAY_MS - 60_000);
  expect(await remove()).toEqual([]);
  await registry.heartbeat(idleWorker('w'), 60_000);
  await seen('n1', 2 * DAY_MS);
  expect(await remove()).toEqual([]);
  expect((await left('n1')).length).toBeGreaterThan(0);
});

test('one of a node that was never noted gets its day from now on', async () => {
  await leaveUploads('unknown');
  expect(await remove()).toEqual([]);
  expect(Number(await redis.zscore(keys.nodes, 'unknown'))).toBeGreaterThan(Date.now() - 60_000);
});
