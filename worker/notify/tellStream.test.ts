import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { parseStreamEvent } from '../../common/stream/streamEvent.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { createTellStream } from './tellStream.ts';

let server: TestRedis;
let redis: Redis;
let streams: StreamStore;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  streams = new StreamStore(redis);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

test('webhooks hear the reason, and the record goes on saying why the stream is as it is', async () => {
  const run = await streams.start('show', { profile: 'transcode', webhookUrls: ['http://app/'] });
  await streams.stop('show');
  const before = await streams.get('show');
  expect(await createTellStream(redis)({ streamId: 'show', run }, 'segments_dropped', '3 segments')).toBe(true);
  const [entry] = (await redis.xrevrange(keys.outbox, '+', '-', 'COUNT', 1)) ?? [];
  expect(parseStreamEvent(entry?.[1] ?? [])).toMatchObject({
    ...{ state: 'STOPPED', reason: 'segments_dropped', update: '3 segments', sequence: 3 },
    webhookUrls: ['http://app/'],
  });
  expect(await streams.get('show')).toMatchObject({ reason: before?.reason, update: before?.update, state: 'STOPPED' });
  expect(await redis.ttl(keys.stream('show'))).toBeGreaterThan(0);
});

test('another run’s record, or none, hears nothing', async () => {
  const tell = createTellStream(redis);
  expect(await tell({ streamId: 'show', run: 'gone' }, 'segments_dropped', 'x')).toBe(false);
  await streams.start('show', { profile: 'transcode', webhookUrls: [] });
  expect(await tell({ streamId: 'show', run: 'gone' }, 'segments_dropped', 'x')).toBe(false);
  expect(await redis.xlen(keys.outbox)).toBe(1);
});
