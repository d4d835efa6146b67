import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
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
  const run = await streams.start(id, { abr: false, webhookUrls: [] });
  await queue.add('stream', { streamId: id, run });
  return run;
}

async function look(...workers: WorkerStatus[]): Promise<void> {
  for (const worker of workers) await registry.heartbeat(worker, 60_000);
  await redis.del(keys.waiting);
  await new WaitingStreams({ redis, queue, registry, log: silentLogger() }).look();
}

const full = idleWorker('full', { streams: 2 });
const told = () => redis.xlen(keys.outbox);

test('told once, with the reason, as an event', async () => {
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

test('not told of a stream that somebody holds, of another run, or of one that is over', async () => {
  const scripts = new LeaseScripts(redis);
  await scripts.acquire('held', await wait('held'), 'w', 60_000);
  await queue.add('stream', { streamId: 'held', run: 'another' });
  await wait('over');
  await streams.stop('over');
  const before = await told();
  await look(full);
  expect(await told()).toBe(before);
});

test('whoever takes the stream takes the reason away', async () => {
  const run = await wait();
  await look(full);
  await new LeaseScripts(redis).acquire('show', run, 'w', 60_000);
  expect(await streams.get('show')).toMatchObject({ reason: 'created', update: 'A worker has taken the stream' });
  expect(await redis.hget(keys.stream('show'), 'reasonBefore')).toBeNull();
});
