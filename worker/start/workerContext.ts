import type { Redis } from 'ioredis';
import type { Config } from '../../common/config/loadConfig.ts';
import type { Logger } from '../../common/createLogger.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import type { StopStack } from '../../common/stopStack.ts';
import type { Tracing } from '../../common/tracing/createTracing.ts';
import type { StreamObserver } from '../observe/streamObserver.ts';
import type { WorkerMetrics } from '../observe/workerMetrics.ts';
import type { Totals } from './totals.ts';

/** What every part of a worker process is started with. */
export interface WorkerContext {
  config: Config<'JWT_SECRET' | 'HMAC_SECRET'>;
  /** This process, among all workers of the cluster. */
  workerId: string;
  /** By what each is for (createRedis.ts). */
  redis: { queue: Redis; request: Redis; lease: Redis; subscriber: Redis };
  totals: Totals;
  metrics: WorkerMetrics;
  /** Undefined: nothing is traced. */
  tracing: Tracing | undefined;
  /** Samples of this worker's live streams, and their health. */
  observer: StreamObserver;
  /** Skips, counts and logs values in Redis that do not parse. */
  entries: EntryParser;
  log: Logger;
  /** What is started is pushed here; the last one is stopped first. */
  stack: StopStack;
}
