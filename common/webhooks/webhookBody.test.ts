import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keys } from '../redis/keys.ts';
import { parseStreamEvent } from '../stream/streamEvent.ts';
import { StreamStore } from '../stream/streamStore.ts';
import { startRedis, type TestRedis } from '../testing/startRedis.ts';
import { webhookBody } from './webhookBody.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

async function bodyOf(streamId: string, more: { latency?: 'low'; lowLatencyLink?: string }): Promise<object> {
  await redis.flushall();
  await new StreamStore(redis).start(streamId, { profile: 'transcode', webhookUrls: [], ...more });
  const [[, entry] = ['', []]] = await redis.xrange(keys.outbox, '-', '+');
  return JSON.parse(webhookBody(parseStreamEvent(entry), { srtUrl: true })) as object;
}

test('the events of a stream with low latency say where its parts are; those of others say nothing of them', async () => {
  const link = 'https://api.example/live/a/a.m3u8';
  expect(await bodyOf('a', { latency: 'low', lowLatencyLink: link })).toMatchObject({ LowLatencyLink: link });
  expect(await bodyOf('b', {})).not.toHaveProperty('LowLatencyLink');
});
