import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../common/config/loadConfig.ts';
import { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { StopStack } from '../../common/stopStack.ts';
import { type Collector, startCollector } from '../../common/testing/collector.ts';
import { idleWorker } from '../../common/testing/idleWorker.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { startMetrics } from './startMetrics.ts';

let server: TestRedis;
let redis: Redis;
let collector: Collector;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  collector = await startCollector();
});
afterAll(async () => {
  redis.disconnect();
  await collector.close();
  await server.stop();
});

function start(env: Record<string, string>) {
  const secrets = { HMAC_SECRET: 'hmac-secret-for-tests', JWT_SECRET: 'jwt-secret-for-tests-' };
  const { config } = loadConfig({ ...secrets, STORAGE: 'file', ...env }, ['HMAC_SECRET', 'JWT_SECRET']);
  const stack = new StopStack();
  const parts = { redis, entries: new EntryParser(), log: silentLogger(), stack };
  return { stack, telemetry: startMetrics({ config, workerId: 'w1', ...parts }) };
}

test('what a worker measures is in Redis at once, goes over OTLP at its end, and leaves Redis then', async () => {
  const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_EXPORTER_OTLP_INSECURE: 'on' };
  const { stack, telemetry } = start({ ...otlp, ENABLE_METRICS: 'on', ENABLE_TRACES: 'on' });
  telemetry.metrics.uploaded(80, 'stored');
  telemetry.observe({ status: () => idleWorker('w1'), problems: () => [] });
  telemetry.tracing?.start('a span').end();
  await expect.poll(() => redis.get(keys.metrics('w1'))).toContain('livetran_upload_duration_seconds');
  await stack.stop();
  expect(await redis.exists(keys.metrics('w1'))).toBe(0);
  const sent = collector.metrics.get('livetran-worker');
  for (const name of ['livetran_upload_duration_seconds', 'livetran_worker_slots']) expect(sent).toContain(name);
  expect(collector.span('a span')?.service).toBe('livetran-worker');
});

test('by default nothing is sent, and nothing is traced', async () => {
  collector.metrics.clear();
  const { stack, telemetry } = start({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://${collector.endpoint}` });
  expect(telemetry.tracing).toBeUndefined();
  telemetry.metrics.uploaded(80, 'stored');
  await stack.stop();
  expect(collector.metrics.size).toBe(0);
});
