import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { startTestApi } from '../testing/testApi.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

test('ENABLE_METRICS sends streams_info over OTLP, the last of it when the process ends', async () => {
  const posts: { path: string | undefined; body: string }[] = [];
  const collector = createServer(async (request, response) => {
    posts.push({ path: request.url, body: Buffer.concat(await request.toArray()).toString() });
    response.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const endpoint = `127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_INSECURE: 'true' };
  const api = await startTestApi(redis.url, { ENABLE_METRICS: 'true', SERVICE_VERSION: '9.8.7', ...otlp });
  await api.call('POST', '/api/start-stream', '{"stream_id":"a"}');
  await api.stop();
  collector.close();
  const last = posts.at(-1);
  expect(last?.path).toBe('/v1/metrics');
  expect(last?.body).toContain('"streams_info"');
  expect(last?.body).toContain('9.8.7');
});

test('a collector that is away does not hold the end of the process', async () => {
  const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', ENABLE_METRICS: 'true' };
  const api = await startTestApi(redis.url, otlp);
  const begun = performance.now();
  await api.stop();
  expect(performance.now() - begun).toBeLessThan(5_000);
});
