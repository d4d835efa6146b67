import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { createQueue, queueNames, type StreamJob } from '../../common/redis/queues.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { idleWorker } from '../../common/testing/idleWorker.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import { Drain } from './drain.ts';
import { Heartbeat } from './heartbeat.ts';
import { type HandOver, LeaseScripts } from './leaseScripts.ts';
import type { RunningSession, SessionEnd } from './runningSession.ts';
import { StreamConsumer } from './streamConsumer.ts';

const WAIT = { timeout: 20_000 };
const log = silentLogger();

let server: TestRedis;
let redis: Redis;
let connection: Redis;
let queue: Queue<StreamJob>;
let registry: WorkerRegistry;
let stops: (() => Promise<void>)[] = [];
/** Which worker has which stream, and how each was given up. */
let at: Map<string, string>;
let ways: string[];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  redis.setMaxListeners(30);
  connection = new Redis(server.url, { maxRetriesPerRequest: null });
  queue = createQueue(queueNames.streams, connection, {});
  registry = new WorkerRegistry(redis);
});
beforeEach(async () => {
  await redis.flushall();
  at = new Map();
  ways = [];
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});
afterAll(async () => {
  await queue.close();
  redis.disconnect();
  connection.disconnect();
  await server.stop();
});

/** A worker's claiming with sessions that hold their lease and do nothing else. */
function startWorker(id: string, options: { node?: string; slots?: number } = {}) {
  const { node = id, slots = 5 } = options;
  const consumer: StreamConsumer = new StreamConsumer({
    ...{ connection, scripts: new LeaseScripts(redis), node, slots, process: id, log },
    onOffAir: async () => undefined,
    startSession: (job, lease): RunningSession => {
      at.set(job.streamId, id);
      const { promise: finished, resolve } = Promise.withResolvers<SessionEnd>();
      const end = async (how: HandOver): Promise<void> => {
        ways.push(`${job.streamId} ${how}`);
        at.delete(job.streamId);
        await lease.end({ how, signal: new AbortController().signal });
        resolve('handed_over');
      };
      return {
        finished,
        offAir: finished.then(() => undefined),
        wake: () => undefined,
        handOver: how => void end(how),
      };
    },
  });
  const drain = new Drain({ ...{ consumer, registry, queue, redis, log }, self: { id, node } });
  const heartbeat = new Heartbeat({
    ...{ registry, log },
    status: () => ({
      ...idleWorker(id, { node, slots, streams: consumer.streams, ...consumer.load, full: consumer.full }),
      draining: consumer.draining,
      ...(drain.staying !== undefined && { staying: drain.staying }),
    }),
    onAnswer: isDrained => drain.note(isDrained),
  });
  drain.start();
  heartbeat.start();
  consumer.start();
  stops.push(async () => {
    await consumer.stop();
    await heartbeat.stop();
    await drain.stop();
  });
  return { consumer, drain, heartbeat };
}

async function start(streamId: string): Promise<void> {
  const run = await new StreamStore(redis).start(streamId, { profile: 'transcode', webhookUrls: [] });
  await queue.add('stream', { streamId, run });
}

const taken = (...pairs: [string, string][]) =>
  expect.poll(() => new Map([...at].sort()), WAIT).toEqual(new Map(pairs));
const shown = async (id: string) => (await registry.list()).find(worker => worker.id === id);

test('its streams move to a worker with room, new ones go there too, and undrained it takes streams again', async () => {
  startWorker('a', { slots: 2 });
  await start('one');
  await start('two');
  await taken(['one', 'a'], ['two', 'a']);
  await expect.poll(async () => (await shown('a'))?.streams, WAIT).toBe(2);
  startWorker('b');
  await expect.poll(() => shown('b'), WAIT).toBeDefined();
  await registry.setDrained({ worker: 'a' }, true);
  await taken(['one', 'b'], ['two', 'b']);
  expect(ways.toSorted()).toEqual(['one moved', 'two moved']);
  await expect.poll(() => shown('a'), WAIT).toMatchObject({ draining: true, isDrained: true, drainedBy: 'worker' });
  await start('three');
  await taken(['one', 'b'], ['three', 'b'], ['two', 'b']);

  await registry.setDrained({ worker: 'a' }, false);
  await registry.setDrained({ worker: 'b' }, true);
  // It has room for two of the three.
  await expect.poll(() => [...at.values()].sort(), WAIT).toEqual(['a', 'a', 'b']);
}, 60_000);

test('what fits nowhere stays, and that is reported; it moves when there is room', async () => {
  startWorker('a');
  await start('one');
  await taken(['one', 'a']);
  await registry.setDrained({ worker: 'a' }, true);
  await expect.poll(async () => (await shown('a'))?.staying, WAIT).toBe('1 stream stays: no other worker has room');
  expect(at).toEqual(new Map([['one', 'a']]));
  startWorker('b', { node: 'a' });
  await taken(['one', 'b']);
  // Its node's other worker can open the same port.
  expect(ways).toEqual(['one handed_over']);
  await expect.poll(() => shown('a'), WAIT).toMatchObject({ isDrained: true });
  expect((await shown('a'))?.staying).toBeUndefined();
}, 60_000);

test('streams that wait for a worker come before those that move', async () => {
  startWorker('a', { slots: 1 });
  await start('one');
  await taken(['one', 'a']);
  await start('waits');
  await registry.setDrained({ worker: 'a' }, true);
  await expect.poll(async () => (await shown('a'))?.draining, WAIT).toBe(true);
  startWorker('b', { slots: 1 });
  await taken(['one', 'a'], ['waits', 'b']);
  await expect.poll(async () => (await shown('a'))?.staying, WAIT).toBeDefined();
}, 60_000);

test('a node that is drained as a whole gives its streams to another node, and to none of its own workers', async () => {
  startWorker('a', { node: 'n' });
  await start('one');
  await taken(['one', 'a']);
  startWorker('b', { node: 'n' });
  startWorker('c', { node: 'other' });
  await expect.poll(async () => (await registry.list()).length, WAIT).toBe(3);
  await registry.setDrained({ node: 'n' }, true);
  await taken(['one', 'c']);
  expect(ways).toEqual(['one moved']);
  startWorker('later', { node: 'n' });
  await expect.poll(async () => (await shown('later'))?.draining, WAIT).toBe(true);
  await registry.setDrained({ worker: 'c' }, true);
  await expect.poll(async () => (await shown('c'))?.staying, WAIT).toBeDefined();
  expect(at).toEqual(new Map([['one', 'c']]));
}, 60_000);

test('a worker that starts on a drained node takes nothing, not even in its first moment', async () => {
  await registry.setDrained({ node: 'n' }, true);
  await start('one');
  const { consumer } = startWorker('a', { node: 'n' });
  await expect.poll(async () => (await shown('a'))?.draining, WAIT).toBe(true);
  expect(consumer.streams).toBe(0);
  expect(await queue.getWaitingCount()).toBe(1);
  await registry.setDrained({ node: 'n' }, false);
  await taken(['one', 'a']);
}, 60_000);

test('two drained workers do not give the same room away twice', async () => {
  startWorker('a', { slots: 1 });
  await start('one');
  await taken(['one', 'a']);
  startWorker('b', { slots: 1 });
  await start('two');
  await taken(['one', 'a'], ['two', 'b']);
  startWorker('c', { slots: 1 });
  await expect.poll(async () => (await registry.list()).length, WAIT).toBe(3);
  await registry.setDrained({ worker: 'a' }, true);
  await registry.setDrained({ worker: 'b' }, true);
  await expect.poll(() => ways.length, WAIT).toBe(1);
  await expect.poll(() => at.size, WAIT).toBe(2);
  const left = at.get('one') === 'c' ? 'b' : 'a';
  await expect.poll(async () => (await shown(left))?.staying, WAIT).toBe('1 stream stays: no other worker has room');
  expect(ways).toHaveLength(1);
  expect(await redis.ttl(keys.moves)).toBeLessThan(10);
}, 60_000);
