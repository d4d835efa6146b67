import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StreamLogs } from '../../common/stream/streamLogs.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

let server: TestRedis;
let redis: Redis;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startTestApi(server.url);
});
afterAll(async () => {
  await api.stop();
  redis.disconnect();
  await server.stop();
});

test('what workers logged about a stream, the oldest first', async () => {
  await api.ask('POST', '/v1/streams', { stream_id: 'show' });
  expect((await api.ask('GET', '/v1/streams/show/log')).body).toEqual({ data: [] });
  const line = { time: 1_000, level: 30, message: 'listener open', details: '{"port":20000}' };
  await new StreamLogs(redis).append(new Map([['show', [line, { ...line, level: 40, message: 'FFmpeg failed' }]]]));
  expect((await api.ask('GET', '/v1/streams/show/log')).body.data).toEqual([
    { time: '1970-01-01T00:00:01.000Z', level: 'info', message: 'listener open', details: '{"port":20000}' },
    { time: '1970-01-01T00:00:01.000Z', level: 'warn', message: 'FFmpeg failed', details: '{"port":20000}' },
  ]);
});

test('a stream that is not there has no log', async () => {
  expect((await api.ask('GET', '/v1/streams/none/log')).status).toBe(404);
});
