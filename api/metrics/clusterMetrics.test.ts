import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createMetrics, type Metrics } from '../../common/metrics/createMetrics.ts';
import { MetricReports } from '../../common/metrics/metricReports.ts';
import { keys } from '../../common/redis/keys.ts';
import { RouterRegistry } from '../../common/routers/routerRegistry.ts';
import { StreamSamples } from '../../common/stream/streamSamples.ts';
import { idleWorker } from '../../common/testing/idleWorker.ts';
import { type ParsedFamily, parseExposition } from '../../common/testing/parseExposition.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { sampleOf } from '../../common/testing/streamSamples.ts';
import { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

async function withApi<Result>(env: Record<string, string>, use: (api: TestApi) => Promise<Result>): Promise<Result> {
  const api = await startTestApi(server.url, env);
  return use(api).finally(() => api.stop());
}

const scrape = async (api: TestApi): Promise<Map<string, ParsedFamily>> =>
  parseExposition(await (await fetch(`${api.url}/metrics`)).text());

/** A process of the cluster that reports what it has measured. */
async function reported(id: string, measure: (meter: Metrics['meter']) => void): Promise<MetricReports> {
  const metrics = createMetrics({ service: 'test', instance: id, version: '1', environment: 'test' });
  measure(metrics.meter);
  const reports = new MetricReports({ redis, id, metrics, log: silentLogger() });
  reports.report();
  await expect.poll(() => redis.exists(keys.metrics(id))).toBe(1);
  return reports;
}

const router = {
  ...{ id: 'r1', host: 'router', port: 9_000, version: '1', since: 1, flows: 1 },
  totals: {
    ...{
      packetsUp: 1,
      packetsDown: 1,
      bytesUp: 1,
      bytesDown: 1,
      unanswered: 0,
      inductions: 1,
      orphans: 0,
      rebinds: 0,
      kernelDrops: 0,
      refusals: {},
      losses: {},
      drifts: {},
    },
  },
};

test('/metrics has what each worker and router has measured, with whose it is; it keeps the format', async () => {
  await new WorkerRegistry(redis).heartbeat(idleWorker('w1'), 5_000);
  await new WorkerRegistry(redis).heartbeat(idleWorker('w2'), 5_000);
  await new RouterRegistry(redis).heartbeat(router, 5_000);
  const measureUpload = (meter: Metrics['meter'], seconds: number): void =>
    meter
      .createHistogram('livetran_upload_duration_seconds', {
        description: 'PUTs',
        advice: { explicitBucketBoundaries: [1, 2] },
      })
      .record(seconds, { outcome: 'stored' });
  await reported('w1', meter => measureUpload(meter, 1.5));
  await reported('w2', meter => measureUpload(meter, 0.5));
  await reported('r1', meter => meter.createCounter('livetran_router_inductions_total', { description: 'x' }).add(7));
  const families = await withApi({}, scrape);
  const uploads = families.get('livetran_upload_duration_seconds')?.samples ?? [];
  const whose = { worker: 'w1', node: 'n1', outcome: 'stored' };
  expect(uploads).toContainEqual({
    name: 'livetran_upload_duration_seconds_bucket',
    labels: { ...whose, le: '1' },
    value: 0,
  });
  expect(uploads).toContainEqual({
    name: 'livetran_upload_duration_seconds_bucket',
    labels: { ...whose, le: '2' },
    value: 1,
  });
  expect(uploads).toContainEqual({
    name: 'livetran_upload_duration_seconds_sum',
    labels: { ...whose, worker: 'w2' },
    value: 0.5,
  });
  expect(families.get('livetran_router_inductions_total')?.samples).toEqual([
    { name: 'livetran_router_inductions_total', labels: { router: 'r1' }, value: 7 },
  ]);
  // One family of all processes: the API's own has no label.
  const cpu = families
    .get('process_cpu_seconds_total')
    ?.samples.map(({ labels }) => labels.worker ?? labels.router ?? '');
  expect(cpu?.toSorted()).toEqual(['', 'r1', 'w1', 'w2']);
});

test("a worker that has gone has no series; one whose metrics do not parse does not hide the others'", async () => {
  const registry = new WorkerRegistry(redis);
  for (const id of ['gone', 'bad', 'well']) await registry.heartbeat(idleWorker(id), 5_000);
  const measure = (meter: Metrics['meter']) =>
    meter.createCounter('livetran_restarts_total', { description: 'x' }).add(1);
  for (const id of ['gone', 'bad', 'well']) await reported(id, measure);
  await registry.leave('gone');
  await redis.set(keys.metrics('bad'), '[{"kind":"counter","name":"no name\\n","help":"","points":[]}]');
  await withApi({}, async api => {
    const families = await scrape(api);
    expect(families.get('livetran_restarts_total')?.samples.map(({ labels }) => labels.worker)).toEqual(['well']);
    // Counted while it was read, so it is in the next text.
    const skipped = async () => (await scrape(api)).get('livetran_redis_values_skipped_total')?.samples ?? [];
    await expect.poll(skipped).toContainEqual(expect.objectContaining({ labels: { kind: 'metrics' } }));
  });
});

test('a process that stops takes its series with it', async () => {
  const reports = await reported('w1', meter => meter.createCounter('livetran_restarts_total').add(1));
  await reports.stop();
  expect(await redis.exists(keys.metrics('w1'))).toBe(0);
});

test('answers are refused by code, requests timed by the template of their route', async () => {
  const families = await withApi({}, async api => {
    await api.ask('GET', '/v1/streams/nothing-of-that-name');
    return scrape(api);
  });
  expect(families.get('livetran_requests_refused_total')?.samples).toContainEqual(
    expect.objectContaining({ labels: { code: 'stream_not_found' }, value: 1 }),
  );
  expect(families.get('http_server_request_duration_seconds')?.samples).toContainEqual(
    expect.objectContaining({
      name: 'http_server_request_duration_seconds_count',
      labels: { route: '/v1/streams/:stream_id', method: 'GET', status: '404' },
    }),
  );
});

test.each([
  ['off', []],
  ['2', ['ill', 'loud']],
  ['on', ['ill', 'loud', 'quiet']],
])('STREAM_METRICS=%s: series of the streams %j', async (setting, expected) => {
  const ids = await withApi({ STREAM_METRICS: setting }, async api => {
    for (const [id, kbps] of Object.entries({ quiet: 100, loud: 5_000, ill: 10 })) {
      await api.call('POST', '/api/start-stream', JSON.stringify({ stream_id: id }));
      const problem = { code: 'no_audio', fault: 'encoder', since: 1, message: 'x', advice: 'x' };
      const health = JSON.stringify({ since: 1, problems: id === 'ill' ? [problem] : [] });
      await redis.hset(keys.stream(id), { state: 'STREAMING', health });
      const run = String(await redis.hget(keys.stream(id), 'run'));
      await new StreamSamples(redis).append([{ streamId: id, run, sample: sampleOf(1, { kbps }) }]);
    }
    const families = await scrape(api);
    return families.get('livetran_stream_receive_bytes_per_second')?.samples.map(({ labels }) => labels.stream_id);
  });
  expect(ids?.toSorted() ?? []).toEqual(expected);
});
