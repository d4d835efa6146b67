import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { createQueue, queueNames, type StreamJob } from '../../common/redis/queues.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { idleWorker } from '../../common/testing/idleWorker.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import type { WorkerStatus } from '../../common/workers/workerStatus.ts';
import { LeaseScripts } from './leaseScripts.ts';
import { WaitingStreams } from './waitingStreams.ts';

let server: TestRedis;
let redis: Redis;
let connection: Redis;
let queue: Queue<StreamJob>;
let streams: StreamStore;
let registry: WorkerRegistry;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  connection = new Redis(server.url, { maxRetriesPerRequest: null });
  queue = createQueue(queueNames.streams, connection, {});
  streams = new StreamStore(redis);
  registry = new WorkerRegistry(redis);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  await queue.close();
  redis.disconnect();
  connection.disconnect();
  await server.stop();
});

async function wait(id = 'show'): Promise<string> {
  const run = await streams.start(id, { profile: 'transcode', webhookUrls: [] });
  await queue.add('stream', { streamId: id, run });
  return run;
}

const TIMEOUT_MS = 60_000;

async function look(...workers: WorkerStatus[]): Promise<void> {
  for (const worker of workers) await registry.heartbeat(worker, 60_000);
  await redis.del(keys.waiting);
  await new WaitingStreams({ redis, queue, registry, timeoutMs: TIMEOUT_MS, log: silentLogger() }).look();
}

const full = idleWorker('full', { streams: 2 });
const told = () => redis.xlen(keys.outbox);

test('reported once, with the reason, as an event', async () => {
  await wait();
  await look(full, idleWorker('slow', { busy: 'slow' }), idleWorker('going', { draining: true, busy: 'slow' }));
  const text = 'waiting: no capacity (3 workers: 1 full, 1 overloaded, 1 draining)';
  expect(await streams.get('show')).toMatchObject({ state: 'INITIALISED', reason: 'no_capacity', update: text });
  await look();
  expect(await told()).toBe(2);
});

test.each<[string, WorkerStatus[]]>([
  ['a worker has room: it is about to take it', [full, idleWorker('w')]],
  ['no worker is alive: that is another fault', []],
])('not told when %s', async (_name, workers) => {
  await wait();
  await look(...workers);
  expect(await streams.get('show')).toMatchObject({ reason: 'created' });
});

test('not reported for a stream with an owner, of another run, or of one that is over', async () => {
  const scripts = new LeaseScripts(redis);
  await scripts.acquire('held', await wait('held'), 'w', 60_000);
  await queue.add('stream', { streamId: 'held', run: 'another' });
  await wait('over');
  await streams.stop('over');
  const before = await told();
  await look(full);
  expect(await told()).toBe(before);
});

test('the worker that takes the stream removes the reason', async () => {
  const run = await wait();
  await look(full);
  await new LeaseScripts(redis).acquire('show', run, 'w', 60_000);
  expect(await streams.get('show')).toMatchObject({ reason: 'created', update: 'A worker has taken the stream' });
  expect(await redis.hget(keys.stream('show'), 'reasonBefore')).toBeNull();
});

test('every waiting stream gets the event, however many wait', async () => {
  const ids = Array.from({ length: 350 }, (_, i) => `show-${i}`);
  await Promise.all(ids.map(id => wait(id)));
  await look(full);
  const reasons = (await streams.live()).map(({ reason }) => reason);
  expect(reasons).toEqual(ids.map(() => 'no_capacity'));
});

describe('a stream that has waited for START_TIMEOUT_SECONDS', () => {
  const age = (id: string) => redis.hincrby(keys.stream(id), 'createdAt', -TIMEOUT_MS - 1);

  test.each<[string, WorkerStatus[]]>([
    ['no worker has room', [full]],
    ['no worker is alive to take it', []],
  ])('is STOPPED with no_capacity when %s, and no worker can take it any more', async (_name, workers) => {
    const run = await wait();
    await wait('young');
    await age('show');
    await look(...workers);
    expect(await streams.get('show')).toMatchObject({
      state: 'STOPPED',
      reason: 'no_capacity',
      update: expect.stringContaining('within 60 s'),
    });
    expect((await streams.live()).map(({ streamId }) => streamId)).toEqual(['young']);
    expect(await redis.ttl(keys.stream('show'))).toBeGreaterThan(0);
    expect(await new LeaseScripts(redis).acquire('show', run, 'w', 60_000)).toEqual({ kind: 'over' });
  });

  test('is left alone while a worker holds it, or once it has been READY', async () => {
    const scripts = new LeaseScripts(redis);
    await scripts.acquire('held', await wait('held'), 'w', 60_000);
    await wait('ready');
    await redis.hset(keys.stream('ready'), 'state', 'READY');
    for (const id of ['held', 'ready']) await age(id);
    await look();
    expect((await streams.live()).map(({ state }) => state).sort()).toEqual(['INITIALISED', 'READY']);
  });
});
