import { Redis } from 'ioredis';
import { startTestApi } from '../../api/testing/testApi.ts';
import { createMetrics } from '../../common/metrics/createMetrics.ts';
import { MetricReports } from '../../common/metrics/metricReports.ts';
import { observeSkipped } from '../../common/metrics/observeSkipped.ts';
import { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { RouterRegistry } from '../../common/routers/routerRegistry.ts';
import type { RouterStatus } from '../../common/routers/routerStatus.ts';
import { healthFaults } from '../../common/stream/healthProblems.ts';
import { StreamSamples } from '../../common/stream/streamSamples.ts';
import { idleWorker } from '../../common/testing/idleWorker.ts';
import { type ParsedFamily, parseExposition } from '../../common/testing/parseExposition.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { sampleOf } from '../../common/testing/streamSamples.ts';
import { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import { observeRouter } from '../../router/observeRouter.ts';
import { observeWorker } from '../../worker/observe/observeWorker.ts';
import { WorkerMetrics } from '../../worker/observe/workerMetrics.ts';
import { waitUntil } from '../lib/waitUntil.ts';

const router: RouterStatus = {
  ...{ id: 'router-1', host: 'router', port: 9_000, version: '1', since: 1, flows: 1 },
  totals: {
    ...{ packetsUp: 1, packetsDown: 1, inductions: 1, orphans: 1, rebinds: 1, kernelDrops: 1 },
    ...{ bytesUp: 1, bytesDown: 1, unanswered: 1 },
    ...{ refusals: { 1401: 1 }, losses: { silent: 1 }, drifts: { migrated: 1 } },
  },
};

/** /metrics of a real API, with a worker and a router whose instruments have all been used. */
export async function everyMetric(redisUrl: string): Promise<Map<string, ParsedFamily>> {
  const redis = new Redis(redisUrl);
  const api = await startTestApi(redisUrl, { STREAM_METRICS: 'on' });
  try {
    await new WorkerRegistry(redis).heartbeat(idleWorker('worker-1'), 60_000);
    await new RouterRegistry(redis).heartbeat(router, 60_000);
    await report(redis, 'worker-1', meter => {
      observeWorker(meter, {
        status: () => idleWorker('worker-1', { load: { cpu: 0, eventLoopMs: 1, slowestEncode: 1, spoolFreeBytes: 1 } }),
        problems: () =>
          healthFaults.map(fault => ({ code: 'slow_encode', fault, since: 1, message: 'x', advice: 'x' })),
      });
      useAll(new WorkerMetrics(meter));
    });
    await report(redis, router.id, meter => observeRouter(meter, () => router));
    await api.call('POST', '/api/start-stream', '{"stream_id":"a"}');
    await redis.hset(keys.stream('a'), 'state', 'STREAMING');
    const run = String(await redis.hget(keys.stream('a'), 'run'));
    await new StreamSamples(redis).append([{ streamId: 'a', run, sample: sampleOf(1, {}) }]);
    await api.ask('GET', '/v1/streams/none');
    const beacon = JSON.stringify({ viewer: 1, stalls: 1, errors: 1, join_ms: 900 });
    await fetch(`${api.url}/watch/a/beacon`, { method: 'POST', body: beacon });
    await waitUntil("the viewer's beacon", async () => (await redis.exists(keys.audiences)) === 1, {
      timeoutMs: 20_000,
    });
    return parseExposition(await (await fetch(`${api.url}/metrics`)).text());
  } finally {
    await api.stop();
    redis.disconnect();
  }
}

async function report(
  redis: Redis,
  id: string,
  use: (meter: ReturnType<typeof createMetrics>['meter']) => void,
): Promise<void> {
  const metrics = createMetrics({ service: 'test', instance: id, version: '1', environment: 'test' });
  const entries = new EntryParser();
  entries.skip('outbox entry', '1', new Error('x'));
  observeSkipped(metrics.meter, entries);
  use(metrics.meter);
  new MetricReports({ redis, id, metrics, log: silentLogger() }).report();
  await waitUntil('the report', async () => (await redis.exists(keys.metrics(id))) === 1, { timeoutMs: 20_000 });
}

function useAll(metrics: WorkerMetrics): void {
  metrics.listed(1);
  metrics.uploaded(1, 'stored');
  metrics.uploaded(1, 'failed');
  metrics.playable(1);
  metrics.taken('created', 1);
  metrics.taken('handed_over', 1);
  metrics.taken('worker_lost', 1);
  for (const status of ['delivered', 'failed', 'ended', 'retrying']) metrics.webhook({ status, tookMs: 1, ageMs: 1 });
  metrics.refused({ 1401: 1 });
  metrics.restarted();
  metrics.problem({ code: 'packets_lost', fault: 'network' });
}
