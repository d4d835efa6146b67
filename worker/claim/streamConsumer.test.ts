import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createQueue, queueNames, type StreamJob } from '../../common/redis/queues.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { LeaseScripts } from './leaseScripts.ts';
import { type RunningSession, type SessionEnd, StreamConsumer } from './streamConsumer.ts';

let server: TestRedis;
let redis: Redis;
let connection: Redis;
let queue: Queue<StreamJob>;
let consumers: StreamConsumer[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  connection = new Redis(server.url, { maxRetriesPerRequest: null });
  queue = createQueue(queueNames.streams, connection, {});
});
beforeEach(() => redis.flushall());
afterEach(async () => {
  await Promise.all(consumers.map(consumer => consumer.stop()));
  consumers = [];
});
afterAll(async () => {
  await queue.close();
  redis.disconnect();
  connection.disconnect();
  await server.stop();
});

/** A consumer whose sessions do nothing; `happened` tells what it did, in order. */
function consume(name: string, happened: string[]) {
  const ends = new Map<string, (end: SessionEnd) => void>();
  const consumer = new StreamConsumer({
    connection,
    scripts: new LeaseScripts(redis),
    startSession: (job, lease): RunningSession => {
      const { promise: finished, resolve } = Promise.withResolvers<SessionEnd>();
      const offAir = Promise.withResolvers<void>();
      happened.push(`${name} took ${job.streamId}`);
      ends.set(job.streamId, resolve);
      const handOver = async (): Promise<void> => {
        offAir.resolve();
        // What is stored at the end comes after SRT.
        await vi.waitFor(() => expect(happened).toContain(`${name} off air`));
        await lease.end({ signal: never });
        happened.push(`${name} gave ${job.streamId}`);
        resolve('handed_over');
      };
      return { finished, offAir: offAir.promise, wake: () => undefined, handOver: () => void handOver() };
    },
    node: 'n1',
    slots: 5,
    process: 'test',
    onOffAir: async () => void happened.push(`${name} off air`),
    log: silentLogger(),
  });
  consumers.push(consumer);
  consumer.start();
  return { consumer, end: (streamId: string) => ends.get(streamId)?.('stopped') };
}

async function start(streamId: string): Promise<void> {
  const run = await new StreamStore(redis).start(streamId, { profile: 'transcode', webhookUrls: [] });
  await queue.add('stream', { streamId, run });
}

const never = new AbortController().signal;

test('a drain takes nothing more and is over with the last stream', async () => {
  const happened: string[] = [];
  const { consumer, end } = consume('a', happened);
  await start('one');
  await vi.waitFor(() => expect(happened).toEqual(['a took one']));
  const drained = consumer.drain(60_000, never).then(() => happened.push('drained'));
  await start('two');
  await consumer.resume();
  // Its fetch was under way, so it may have had the second one in its hands: it gave it back.
  await vi.waitFor(async () => expect(await queue.getWaitingCount()).toBe(1));
  expect(happened).toEqual(['a took one']);
  end('one');
  await drained;
  expect(happened).toEqual(['a took one', 'drained']);
  consume('b', happened);
  await vi.waitFor(() => expect(happened.at(-1)).toBe('b took two'));
});

test('a drain ends early for those in a hurry', async () => {
  const happened: string[] = [];
  const { consumer } = consume('a', happened);
  await start('one');
  await vi.waitFor(() => expect(happened).toHaveLength(1));
  await consumer.drain(60_000, AbortSignal.abort());
});

test('a stop hands each stream over, SRT of all of them first; another worker has it at once', async () => {
  const happened: string[] = [];
  const { consumer } = consume('a', happened);
  await start('one');
  await start('two');
  await vi.waitFor(() => expect(happened).toHaveLength(2));
  consume('b', happened);
  await consumer.stop();
  await vi.waitFor(() => expect(happened.filter(what => what.startsWith('b took'))).toHaveLength(2), {
    timeout: 20_000,
  });
  expect(happened[2]).toBe('a off air');
  expect(happened.filter(what => what === 'a off air')).toHaveLength(1);
});

test('paused and resumed: what came meanwhile waits, and is taken', async () => {
  const happened: string[] = [];
  const { consumer } = consume('a', happened);
  await consumer.pause();
  await start('one');
  await vi.waitFor(async () => expect(await queue.getWaitingCount()).toBe(1));
  expect(happened).toEqual([]);
  await consumer.resume();
  await vi.waitFor(() => expect(happened).toEqual(['a took one']), { timeout: 20_000 });
});
