import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { createMetrics } from '../../common/metrics/createMetrics.ts';
import { MetricReports } from '../../common/metrics/metricReports.ts';
import { observeSkipped } from '../../common/metrics/observeSkipped.ts';
import { telemetryOf } from '../../common/metrics/telemetry.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import type { StopStack } from '../../common/stopStack.ts';
import { createTracing, type Tracing } from '../../common/tracing/createTracing.ts';
import { observeWorker } from '../observe/observeWorker.ts';
import { WorkerMetrics } from '../observe/workerMetrics.ts';
import type { WorkerContext } from './workerContext.ts';

/** A worker's metrics: into Redis, from where the API shows them, and over OTLP with ENABLE_METRICS. Its traces, with ENABLE_TRACES. */
export function startMetrics(options: {
  config: WorkerContext['config'];
  workerId: string;
  /** Role `request`. */
  redis: Redis;
  entries: EntryParser;
  log: Logger;
  stack: StopStack;
}): {
  metrics: WorkerMetrics;
  tracing: Tracing | undefined;
  /** What is read from the worker's parts, once they are there. */
  observe(read: Parameters<typeof observeWorker>[1]): void;
} {
  const { config, workerId, redis, entries, log, stack } = options;
  const self = { service: 'livetran-worker', instance: workerId };
  const metrics = createMetrics(telemetryOf(config, { ...self, enabled: config.ENABLE_METRICS }));
  stack.push('metrics', () => metrics.stop());
  const tracing = createTracing(telemetryOf(config, { ...self, enabled: config.ENABLE_TRACES }));
  stack.push('traces', () => tracing?.stop());
  observeSkipped(metrics.meter, entries);
  const reports = new MetricReports({ redis, id: workerId, metrics, log });
  reports.start();
  stack.push('metric reports', () => reports.stop());
  return {
    metrics: new WorkerMetrics(metrics.meter),
    tracing,
    observe: read => {
      observeWorker(metrics.meter, read);
      reports.report();
    },
  };
}
