import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createQueue, queueNames, type StreamJob } from '../../common/redis/queues.ts';
import type { StreamProfile } from '../../common/stream/streamProfile.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { LeaseScripts } from './leaseScripts.ts';
import type { RunningSession, SessionEnd } from './runningSession.ts';
import { StreamConsumer } from './streamConsumer.ts';

let server: TestRedis;
let redis: Redis;
let connection: Redis;
let queue: Queue<StreamJob>;
let consumers: StreamConsumer[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  redis.setMaxListeners(20);
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
function consume(name: string, happened: string[], slots = 5) {
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
    slots,
    process: 'test',
    onOffAir: async () => void happened.push(`${name} off air`),
    log: silentLogger(),
  });
  consumers.push(consumer);
  consumer.start();
  return { consumer, end: (streamId: string) => ends.get(streamId)?.('stopped') };
}

async function start(streamId: string, profile: StreamProfile = 'transcode'): Promise<void> {
  const run = await new StreamStore(redis).start(streamId, { profile, webhookUrls: [] });
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
  await consumer.release('capacity');
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
  await consumer.hold('capacity');
  await start('one');
  await vi.waitFor(async () => expect(await queue.getWaitingCount()).toBe(1));
  expect(happened).toEqual([]);
  await consumer.release('capacity');
  await vi.waitFor(() => expect(happened).toEqual(['a took one']), { timeout: 20_000 });
});

const long = { timeout: 20_000 };

test('takes as many cheap streams as its units hold, and the next when one ends', async () => {
  const happened: string[] = [];
  const { consumer, end } = consume('a', happened, 1);
  for (let i = 0; i < 25; i += 1) await start(`s${i}`, 'passthrough');
  await vi.waitFor(() => expect(happened).toHaveLength(20), long);
  expect(happened).toEqual(Array.from({ length: 20 }, (_, i) => `a took s${i}`));
  expect(consumer.load).toEqual({ used: 1, profiles: { passthrough: 20 } });
  expect(consumer.full).toBe(true);
  end('s7');
  await vi.waitFor(() => expect(happened[20]).toBe('a took s20'), long);
  expect(await queue.getWaitingCount()).toBe(4);
});

test('a stream that does not fit stays first, costs no attempt, and is taken when there is room', async () => {
  const happened: string[] = [];
  const { consumer, end } = consume('a', happened, 2);
  await start('one');
  await vi.waitFor(() => expect(happened).toEqual(['a took one']), long);
  await start('ladder', 'ladder');
  await start('cheap', 'passthrough');
  await vi.waitFor(() => expect(consumer.full).toBe(true), long);
  await vi.waitFor(async () => {
    const waiting = await queue.getWaiting();
    expect(waiting.map(({ data, attemptsMade }) => `${data.streamId} ${attemptsMade}`)).toEqual([
      'ladder 0',
      'cheap 0',
    ]);
  }, long);
  end('one');
  await vi.waitFor(() => expect(happened).toEqual(['a took one', 'a took ladder']), long);
  end('ladder');
  await vi.waitFor(() => expect(happened.at(-1)).toBe('a took cheap'), long);
});

test('what does not fit one worker is taken by another, in its turn', async () => {
  const happened: string[] = [];
  consume('a', happened, 1);
  await start('one');
  await vi.waitFor(() => expect(happened).toEqual(['a took one']), long);
  await start('ladder', 'ladder');
  await start('two');
  consume('b', happened, 3);
  await vi.waitFor(() => expect(happened).toEqual(['a took one', 'b took ladder', 'b took two']), long);
});

test('one that was stopped while it did not fit delays no other stream', async () => {
  const happened: string[] = [];
  const { consumer } = consume('a', happened, 2);
  await start('one');
  await vi.waitFor(() => expect(happened).toHaveLength(1), long);
  await start('ladder', 'ladder');
  await vi.waitFor(() => expect(consumer.full).toBe(true), long);
  await new StreamStore(redis).stop('ladder');
  await start('two');
  await vi.waitFor(() => expect(happened).toEqual(['a took one', 'a took two']), long);
});
