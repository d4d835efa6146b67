import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Config } from '../../common/config/loadConfig.ts';
import type { Logger } from '../../common/createLogger.ts';
import type { StreamJob } from '../../common/redis/queues.ts';
import type { StopStack } from '../../common/stopStack.ts';
import { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import type { WorkerStatus } from '../../common/workers/workerStatus.ts';
import pack from '../../package.json' with { type: 'json' };
import type { CapacityGuard } from '../claim/capacityGuard.ts';
import { Drain } from '../claim/drain.ts';
import { GoneNodes } from '../claim/goneNodes.ts';
import { Heartbeat } from '../claim/heartbeat.ts';
import type { StreamConsumer } from '../claim/streamConsumer.ts';
import { WaitingStreams } from '../claim/waitingStreams.ts';
import type { Totals } from './totals.ts';

/** A worker's reports: its heartbeat, why streams wait, which nodes are gone. */
export function startReporting(options: {
  config: Pick<Config, 'NODE_ID' | 'SERVICE_VERSION' | 'START_TIMEOUT_SECONDS' | 'WORKER_STREAMS'>;
  workerId: string;
  /** The address in its SRT URLs. */
  address: string;
  /** URL of its origin for low latency; undefined: it has none. */
  origin?: string | undefined;
  consumer: StreamConsumer;
  guard: CapacityGuard;
  queue: Queue<StreamJob>;
  redis: { request: Redis; queue: Redis };
  totals: Totals;
  log: Logger;
  stack: StopStack;
}): { heartbeat: Heartbeat; status: () => WorkerStatus } {
  const { config, consumer, guard, queue, redis, log, stack } = options;
  const registry = new WorkerRegistry(redis.request);
  const self = {
    id: options.workerId,
    node: config.NODE_ID,
    address: options.address,
    ...(options.origin === undefined ? {} : { origin: options.origin }),
    version: config.SERVICE_VERSION ?? pack.version,
    since: Date.now(),
    slots: config.WORKER_STREAMS,
  };
  const status = (): WorkerStatus => ({
    ...self,
    streams: consumer.streams,
    ...consumer.load,
    full: consumer.full,
    draining: consumer.draining,
    ...(drain.staying === undefined ? {} : { staying: drain.staying }),
    ...(guard.reason === undefined ? {} : { busy: guard.reason }),
    load: guard.load(),
    totals: options.totals.read(),
  });
  const drain = new Drain({ consumer, registry, queue, redis: redis.request, self, log });
  const heartbeat = new Heartbeat({ registry, status, onAnswer: isDrained => drain.note(isDrained), log });
  const timeoutMs = config.START_TIMEOUT_SECONDS * 1000;
  const waiting = new WaitingStreams({ redis: redis.request, queue, registry, timeoutMs, log });
  const goneNodes = new GoneNodes({ redis: redis.request, connection: redis.queue, registry, log });
  drain.start();
  stack.push('drain', () => drain.stop());
  heartbeat.start();
  stack.push('heartbeat', () => heartbeat.stop());
  waiting.start();
  stack.push('waiting streams', () => waiting.stop());
  goneNodes.start();
  stack.push('gone nodes', () => goneNodes.stop());
  return { heartbeat, status };
}
