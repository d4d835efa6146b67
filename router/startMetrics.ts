import type { Redis } from 'ioredis';
import type { Config } from '../common/config/loadConfig.ts';
import type { Logger } from '../common/createLogger.ts';
import { createMetrics } from '../common/metrics/createMetrics.ts';
import { MetricReports } from '../common/metrics/metricReports.ts';
import { observeSkipped } from '../common/metrics/observeSkipped.ts';
import { telemetryOf } from '../common/metrics/telemetry.ts';
import type { EntryParser } from '../common/redis/entryParser.ts';
import type { RouterStatus } from '../common/routers/routerStatus.ts';
import type { StopStack } from '../common/stopStack.ts';
import { observeRouter } from './observeRouter.ts';

/** A router's metrics: into Redis, from where the API shows them, and over OTLP with ENABLE_METRICS. */
export function startMetrics(options: {
  config: Config;
  id: string;
  status: () => RouterStatus;
  redis: Redis;
  entries: EntryParser;
  log: Logger;
  stack: StopStack;
}): void {
  const { config, id, redis, log, stack } = options;
  const metrics = createMetrics(
    telemetryOf(config, { service: 'livetran-router', instance: id, enabled: config.ENABLE_METRICS }),
  );
  stack.push('metrics', () => metrics.stop());
  observeSkipped(metrics.meter, options.entries);
  observeRouter(metrics.meter, options.status);
  const reports = new MetricReports({ redis, id, metrics, log });
  reports.start();
  stack.push('metric reports', () => reports.stop());
}
