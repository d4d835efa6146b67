import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createMetrics } from '../../common/metrics/createMetrics.ts';
import { MetricReports } from '../../common/metrics/metricReports.ts';
import { StreamSamples } from '../../common/stream/streamSamples.ts';
import { idleWorker } from '../../common/testing/idleWorker.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis } from '../../common/testing/startRedis.ts';
import type { SrtPublisher } from '../../worker/ingest/srtPublisher.ts';
import { SrtServer } from '../../worker/ingest/srtServer.ts';
import { startEncoder } from '../../worker/ingest/testing/startEncoder.ts';
import { openTestListener } from '../../worker/ingest/testing/testListener.ts';
import { ConnectionMeter } from '../../worker/observe/connectionMeter.ts';
import { observeWorker } from '../../worker/observe/observeWorker.ts';
import { PublishMeter } from '../../worker/observe/publishMeter.ts';
import { StreamObserver } from '../../worker/observe/streamObserver.ts';
import { WorkerMetrics } from '../../worker/observe/workerMetrics.ts';
import { median } from './quantile.ts';

const SECONDS = 5;

/**
 * What sampling, judging and storing the figures of so many streams costs a worker, and what its metrics cost: the CPU of this process with
 * them less that without. One real SRT connection is read for all streams. Rounds alternate; medians are compared.
 */
export async function observeBench(streams: number, rounds: number): Promise<void> {
  const log = silentLogger();
  const server = await startRedis();
  const redis = new Redis(server.url);
  const host = await SrtServer.start({ log });
  const listener = await openTestListener(host);
  const encoder = startEncoder(listener.url, { seconds: 3_600, muxrate: '2000k' });
  try {
    const publisher = await listener.next();
    publisher.media.resume();
    const ways = {
      without: () => () => undefined,
      samples: () => sampling(redis, publisher, streams),
      metrics: () => reporting(redis),
    };
    const shares: Record<keyof typeof ways, number[]> = { without: [], samples: [], metrics: [] };
    for (let round = -1; round < rounds; round += 1) {
      for (const [name, begin] of Object.entries(ways) as [keyof typeof ways, () => () => unknown][]) {
        const share = await cpuOf(begin);
        // The first round warms the compiler up.
        if (round >= 0) shares[name].push(share);
      }
    }
    report(streams, rounds, shares);
  } finally {
    encoder.kill('SIGKILL');
    await host.stop();
    redis.disconnect();
    await server.stop();
  }
}

async function cpuOf(begin: () => () => unknown): Promise<number> {
  const end = begin();
  const [before, at] = [process.cpuUsage(), performance.now()];
  await sleep(SECONDS * 1_000);
  const { user, system } = process.cpuUsage(before);
  const share = (user + system) / 1_000 / (performance.now() - at);
  await end();
  return share;
}

function sampling(redis: Redis, publisher: SrtPublisher, streams: number): () => Promise<void> {
  const observer = new StreamObserver({ samples: new StreamSamples(redis), log: silentLogger() });
  const lease = { write: async () => true };
  for (let i = 0; i < streams; i += 1) {
    const connection = new ConnectionMeter(publisher, performance.now());
    observer.observe({
      streamId: `s${i}`,
      run: 'r',
      connection,
      publish: new PublishMeter(),
      segmentSeconds: 4,
      lease,
    });
  }
  observer.start();
  return () => observer.stop();
}

/** Instruments that are used as by a worker whose streams have 5 segments a second. */
function reporting(redis: Redis): () => Promise<void> {
  const all = createMetrics({ service: 'bench', instance: 'b', version: '1', environment: 'bench' });
  observeWorker(all.meter, { status: () => idleWorker('w'), problems: () => [] });
  const metrics = new WorkerMetrics(all.meter);
  const timer = setInterval(() => {
    metrics.listed(900);
    metrics.uploaded(80, 'stored');
    metrics.webhook({ status: 'delivered', tookMs: 20, ageMs: 60 });
  }, 200);
  const reports = new MetricReports({ redis, id: 'bench', metrics: all, log: silentLogger() });
  reports.start();
  return async () => {
    clearInterval(timer);
    await reports.stop();
    await all.stop();
  };
}

function report(streams: number, rounds: number, shares: Record<'without' | 'samples' | 'metrics', number[]>): void {
  const base = median(shares.without);
  const row = (what: string, share: number): void => console.log(`  ${what.padEnd(44)} ${(share * 100).toFixed(2)} %`);
  console.log(`\nShares of a core, medians of ${rounds} rounds of ${SECONDS} s`);
  row('receiving one SRT connection', base);
  row(`samples and health of ${streams} streams`, median(shares.samples) - base);
  row('  of 20 of them', ((median(shares.samples) - base) / streams) * 20);
  row('metrics of a worker', median(shares.metrics) - base);
}
