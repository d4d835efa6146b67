import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { StreamSamples } from '../../common/stream/streamSamples.ts';
import { startRedis } from '../../common/testing/startRedis.ts';
import type { StreamWrite } from '../claim/leaseScripts.ts';
import { recordingLogger } from '../ingest/testing/testListener.ts';
import { ConnectionMeter } from './connectionMeter.ts';
import { PublishMeter } from './publishMeter.ts';
import { StreamObserver } from './streamObserver.ts';

const { log } = recordingLogger();
const show = { streamId: 'show', run: 'r1' };
let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
let samples: StreamSamples;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  samples = new StreamSamples(redis);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** A lease that keeps what is written. */
function written() {
  const writes: StreamWrite[] = [];
  const write = async (one: StreamWrite): Promise<boolean> => writes.push(one) > 0;
  const event = (reason: string) => writes.find(({ eventReason }) => eventReason === reason)?.event;
  return { lease: { write }, writes, event };
}

test('the samples of 20 streams cost less than 1 % of a core', async () => {
  const observer = new StreamObserver({ samples, log });
  const ends = Array.from({ length: 20 }, (_, i) =>
    observer.observe({
      ...{ ...show, run: `load-${i}`, segmentSeconds: 2, lease: written().lease, publish: new PublishMeter() },
      connection: new ConnectionMeter({}, performance.now()),
    }),
  );
  observer.start();
  const kept = async () => (await samples.read({ ...show, run: 'load-19' }, 900)).length;
  await vi.waitFor(async () => expect(await kept()).toBeGreaterThan(0), { timeout: 10_000 });
  const [before, at] = [process.cpuUsage(), performance.now()];
  const many = await kept();
  await vi.waitFor(async () => expect(await kept()).toBeGreaterThan(many + 4), { timeout: 20_000, interval: 2_000 });
  const { user, system } = process.cpuUsage(before);
  const share = (user + system) / 1_000 / (performance.now() - at);
  process.stdout.write(`20 streams are sampled at ${(100 * share).toFixed(2)} % of a core, the test's own included\n`);
  expect(share).toBeLessThan(0.01);
  for (const end of ends) end();
  await observer.stop();
});

test('Redis is away: samples are lost, nothing waits, and the stop is quick', async () => {
  const never = { append: vi.fn(() => Promise.reject(new Error('Redis is away'))) };
  const observer = new StreamObserver({ samples: never, log });
  const { lease } = written();
  const connection = new ConnectionMeter({}, performance.now());
  observer.observe({ ...show, segmentSeconds: 2, lease, publish: new PublishMeter(), connection });
  observer.start();
  await vi.waitFor(() => expect(never.append.mock.calls.length).toBeGreaterThan(1), { timeout: 10_000 });
  await observer.stop();
  await observer.stop();
});

test('failed uploads count for their own run', () => {
  const observer = new StreamObserver({ samples, log });
  const [publish, other] = [new PublishMeter(), new PublishMeter()];
  const connection = new ConnectionMeter({}, performance.now());
  const common = { segmentSeconds: 2, lease: written().lease, connection };
  observer.observe({ ...show, ...common, publish });
  observer.observe({ ...show, ...common, run: 'r2', publish: other });
  observer.putFailed(show);
  expect(publish.read(0).retries).toBe(1);
  expect(other.read(0).retries).toBe(0);
});
